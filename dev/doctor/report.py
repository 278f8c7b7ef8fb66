"""Findings for people: by severity, each with what mends it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import indent

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from dev.doctor.examination import SEVERITIES, Finding, Severity
from lib.cli.words import is_command

STYLES: dict[Severity, str] = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}


@contextmanager
def without_padding(console: Console) -> Iterator[None]:
    """Leave out the blanks at the ends of lines where no terminal shows them: what is in a file gets pasted."""
    if console.is_terminal:
        yield
        return
    with console.capture() as printed:
        yield
    console.file.write(re.sub(r" +$", "", printed.get(), flags=re.MULTILINE))


def show(console: Console, findings: Sequence[Finding]) -> None:
    """Print the findings, the worst first, and how many there are."""
    with without_padding(console):
        show_padded(console, findings)


def show_padded(console: Console, findings: Sequence[Finding]) -> None:
    """Do it as a part of something."""
    for finding in findings:
        head = Text.assemble((f" {finding.severity} ", STYLES[finding.severity]), "  ", (finding.code, "bold"))
        console.print(Text.assemble(head, "  ", (finding.subject, "dim")))
        console.print(Padding(Text(finding.message), (0, 0, 0, 4)))
        # Not wrapped, so that it can be copied. SQL has no prompt before it.
        prompt = "$ " if is_command(finding.mend) else ""
        console.print(Text(indent(prompt + finding.mend, "    "), style="green"), soft_wrap=True)
        console.print()
    console.print(verdict(findings))


def verdict(findings: Sequence[Finding]) -> str:
    """Return the last line: how many findings of each severity."""
    if not findings:
        return "Nothing is wrong."
    counts = {each: sum(finding.severity == each for finding in findings) for each in SEVERITIES}
    found = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    return f"{len(findings)} finding{'' if len(findings) == 1 else 's'}: {found}."
