"""Findings as they are shown."""

import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dev.diagnose.fault import Finding
from dev.diagnose.faults import SEVERITIES
from dev.doctor import Finding as Fact
from dev.doctor.report import STYLES

INDENT = (0, 0, 0, 5)


def show(console: Console, place: int, finding: Finding) -> None:
    """Print one finding: what it is, how it was shown, what came of it, what ends it."""
    fault, evidence = finding.fault, finding.evidence
    badge = (f" {fault.severity} ", STYLES[fault.severity])
    console.print(Text.assemble((f"{place:3}. ", "dim"), (fault.title, "bold"), "  ", badge))
    for line in evidence.done.splitlines():
        console.print(Text(f"     {line}", style="cyan"), soft_wrap=True)
    if not finding.ran:
        mark = ("not run here: ", "yellow")
    else:
        mark = ("✓ ", "bold green") if evidence.shown else ("✗ not shown: ", "bold red")
    console.print(Padding(Text.assemble(mark, evidence.seen), INDENT))
    console.print(Padding(Text(f"fix: {textwrap.shorten(fault.fix, 200)}", style="dim"), INDENT))
    console.print()


def summary(console: Console, findings: Sequence[Finding], before: Sequence[Fact], after: Sequence[Fact]) -> None:
    """Print how many there are, and what the doctor says of the same database before and after the migrations."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("", *SEVERITIES):
        table.add_column(heading, justify="left" if not heading else "right")
    faults = [finding.fault.severity for finding in findings]
    table.add_row("faults of the old app", *(str(faults.count(each)) for each in SEVERITIES))
    for label, facts in (("the doctor before the migrations", before), ("the doctor after them", after)):
        severities = [fact.severity for fact in facts]
        table.add_row(label, *(str(severities.count(each)) for each in SEVERITIES))
    console.print(Padding(table, (0, 0, 1, 2)))
