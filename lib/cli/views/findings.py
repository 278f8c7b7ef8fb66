"""What the doctor found, the worst first, each with what mends it."""

from rich.console import Group, RenderableType
from rich.text import Text

from lib.cli import words
from lib.cli.console import indented
from lib.services.admin.queue.diagnostics import Doctor

_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}


def findings_screen(doctor: Doctor) -> RenderableType:
    """One paragraph a finding."""
    parts: list[RenderableType] = []
    for each in doctor.findings:
        colour = _COLOURS[each.severity]
        parts.append(
            f"[{colour}]{each.severity}[/] [bold]{words.safe(each.subject)}[/] [dim]{words.safe(each.code)}[/]"
        )
        parts += [
            indented(Text(words.clean(each.message))),
            indented(Text(words.clean(each.mend), style="dim"), "[dim]$[/]" if words.is_command(each.mend) else ""),
            "",
        ]
    parts.append(_sum(doctor))
    return Group(*parts)


def _sum(doctor: Doctor) -> str:
    compared = f"{words.plural(doctor.checked, 'fact')} of the schema compared"
    if not doctor.findings:
        return f"[bold green]✓[/] nothing is wrong: {compared}"
    counts = doctor.counts.model_dump()
    told = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    return f"{words.plural(len(doctor.findings), 'finding')}: {told}; {compared}"
