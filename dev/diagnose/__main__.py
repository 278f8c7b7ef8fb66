"""Show the old app's faults, one after another. Exit 0 when every one that can be run here was shown."""

import argparse
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from dev import paths
from dev.diagnose.adopting import before_and_after
from dev.diagnose.document import FILE, rendered
from dev.diagnose.fault import Finding
from dev.diagnose.faults import FAULTS
from dev.diagnose.report import show, summary
from dev.diagnose.scene import OLD_APP, Scene
from dev.doctor import Finding as Fact
from dev.errors import StackError
from dev.process import pipes, signals
from dev.supabase import temporary


def main(arguments: Sequence[str]) -> int:
    """Build the old app, run each fault, and say what was seen."""
    parser = argparse.ArgumentParser(prog="make diagnose-demo", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {FILE} with what was seen")
    options = parser.parse_args(arguments)
    console, started = Console(highlight=False), time.monotonic()
    console.print(
        "Building the app as it was: likes written by browsers, a tutorial's policies, a first draft of a queue.\n"
    )
    with signals.ending_in_order():
        findings, before, after = run(console)
    summary(console, findings, before, after)
    missed = [each.fault.code for each in findings if not each.evidence.shown]
    console.print(
        f"{len(findings)} findings in {time.monotonic() - started:.0f} s."
        if not missed
        else f"Not shown: {', '.join(missed)}"
    )
    if options.write and not missed:
        (paths.PROJECT / FILE).write_text(rendered(findings, before, after))
        console.print(f"wrote {FILE}")
    return 1 if missed else 0


def run(console: Console) -> tuple[list[Finding], list[Fact], list[Fact]]:
    """Return each fault with its evidence, and the doctor's findings before and after the migrations."""
    findings = []
    with temporary(OLD_APP) as stack:
        scene = Scene(stack.address)
        for place, fault in enumerate(FAULTS, 1):
            scene.empty()
            findings.append(Finding.of(fault, scene))
            show(console, place, findings[-1])
        before, after = before_and_after(scene)
        scene.db.close()
    return findings, before, after


if __name__ == "__main__":
    try:
        pipes.run(lambda: main(sys.argv[1:]))
    except StackError as error:
        sys.exit(f"diagnose-demo: {error}")
