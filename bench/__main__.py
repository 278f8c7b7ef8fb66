"""`make bench`: run the sections that are named, or all; show them, keep them, and write docs/performance.md.

make bench ARGS="drain likes"     these two
make bench ARGS="--quick"         every section with tiny sizes, which shows that it works; keeps nothing
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psycopg

from bench import document, results, sections
from bench.lab import Lab
from bench.machine import machine, versions
from bench.results import Findings, Result
from bench.scale import PUBLISHED, QUICK
from bench.worker import ContestantError
from dev.errors import StackError
from dev.supabase import stack as stacks


def main(arguments: Sequence[str]) -> int:
    """Run what the command line names; one section that fails is told, and the others still run."""
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(sections.SECTIONS))
    parser.add_argument("--quick", action="store_true", help="tiny sizes; the documents keep their tables")
    parser.add_argument("--write", action="store_true", help="keep the result of a quick run too")
    asked = parser.parse_args(arguments)
    if unknown := sorted(set(asked.sections) - sections.SECTIONS.keys()):
        parser.error(f"no such section: {', '.join(unknown)}; there are {', '.join(sections.SECTIONS)}")
    with stacks.temporary(durable=True) as stack:
        stack.databases.make_template()
        lab = Lab(stack, QUICK if asked.quick else PUBLISHED)
        keep = asked.write or not asked.quick
        chosen = [name for name in sections.SECTIONS if name in asked.sections or not asked.sections]
        return max([_run(name, lab, keep=keep) for name in chosen])


def _run(name: str, lab: Lab, *, keep: bool) -> int:
    """Run one section and show it; with `keep`, its result replaces the last one, here and in the documents."""
    return present(name, lab, sections.SECTIONS[name], keep=keep)


def present(name: str, lab: Lab, measure: Callable[[Lab], Findings], *, keep: bool) -> int:
    """Measure, print the tables, keep the result. Returns 1 if it could not be measured."""
    started = time.monotonic()
    print(f"\n{name}: ...", flush=True)
    try:
        findings = measure(lab)
    except (ContestantError, psycopg.Error) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    result = Result(
        section=name,
        day=datetime.now(UTC).date(),
        machine=machine(),
        versions=versions(lab.stack),
        quick=lab.scale.quick,
        findings=findings,
    )
    print(f"\n{result.markdown()}\n\n({name} took {time.monotonic() - started:.0f} s)", flush=True)
    if keep:
        results.save(result)
        document.write(result)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackError as error:
        sys.exit(f"bench: {error}")
