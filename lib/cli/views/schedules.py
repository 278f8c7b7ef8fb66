"""Recurring jobs."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from lib.cli import words
from lib.cli.console import is_narrow, table
from lib.services.admin.queue.schedules import Schedule


def schedule_list(schedules: Sequence[Schedule], now: datetime) -> RenderableType:
    """A line each, and under the table what is wrong with one."""
    columns = (
        ("Name", "Type", "When", "Next", "State")
        if is_narrow()
        else ("Name", "Type", "When", "Zone", "Last", "Next", "State")
    )
    made = table(*columns)
    for each in schedules:
        cells = {
            "Name": words.safe(each.name),
            "Type": each.job_type,
            "When": words.safe(each.cron_expression),
            "Zone": words.safe(each.timezone),
            "Last": words.ago(each.last_slot, now),
            "Next": words.ago(each.next_run_at, now) if each.enabled else "-",
            "State": _state(each),
        }
        made.add_row(*(cells[name] for name in columns))
    wrong = [
        Text.from_markup(f"[red]✗[/] {words.safe(each.name)}: {words.safe(each.last_error)}")
        for each in schedules
        if each.last_error
    ]
    return Group(made, *wrong)


def _state(each: Schedule) -> str:
    if not each.enabled:
        return "[dim]disabled[/]"
    if each.last_error:
        return "[red]cannot be planned[/]"
    return "[yellow]its last job waits[/]" if each.waiting else "[green]enabled[/]"
