"""Jobs: a page of them, and one with its whole story."""

import json
from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from lib.cli import words
from lib.cli.console import indented, is_narrow, table
from lib.services.admin.queue.jobs import OperatorJob
from lib.services.queue.jobs import AttemptRecord

_COLOURS = {
    "pending": "cyan",
    "processing": "blue",
    "completed": "green",
    "dead": "bold red",
    "discarded": "yellow",
    "cancelled": "dim",
}


def state(job: OperatorJob) -> str:
    """The status in its colour; a job that waits for a retry says so."""
    told = "retrying" if job.status == "pending" and job.attempts else job.status
    return f"[{'yellow' if told == 'retrying' else _COLOURS.get(job.status, 'default')}]{told}[/]"


def job_list(jobs: Sequence[OperatorJob], now: datetime) -> RenderableType:
    """A table, or two lines a job where that does not fit."""
    if is_narrow():
        return Group(*(_two_lines(job, now) for job in jobs))
    error = ("Error",) if any(job.error_message for job in jobs) else ()
    made = table("Id", "Type", "Status", "Attempt", "When", *error, right=("Attempt",))
    for job in jobs:
        row = [str(job.id), job.job_type, state(job), f"{job.attempts}/{job.max_attempts}", _when(job, now)]
        made.add_row(*row, *([_first_line(job)] if error else []))
    return made


def _two_lines(job: OperatorJob, now: datetime) -> RenderableType:
    parts: list[RenderableType] = [f"[bold]{job.job_type}[/] {state(job)} [dim]{_when(job, now)}[/]"]
    parts.append(indented(f"[dim]{job.id}[/]"))
    if job.error_message:
        parts.append(indented(_first_line(job)))
    return Group(*parts)


def _first_line(job: OperatorJob) -> str:
    return words.safe((job.error_message or "").partition("\n")[0][:200])


def _when(job: OperatorJob, now: datetime) -> str:
    if job.completed_at:
        return f"ended {words.ago(job.completed_at, now)}"
    if job.status == "processing":
        return f"started {words.ago(job.started_at, now)}"
    if job.scheduled_for and job.scheduled_for > now:
        return f"due {words.ago(job.scheduled_for, now)}"
    return f"due since {words.ago(job.scheduled_for, now).removesuffix(' ago')}"


def job_story(job: OperatorJob, now: datetime) -> RenderableType:
    """Everything that is known of a job, and what can be done with it."""
    parts: list[RenderableType] = [Text.from_markup(f"[bold]{job.job_type}[/] {state(job)}  [dim]{job.id}[/]"), ""]
    parts.append(_facts(job, now))
    parts += ["", "[bold]Payload[/]", "[dim]hidden[/]" if job.payload_hidden else _as_json(job.payload)]
    if job.result is not None:
        parts += ["", "[bold]Result[/]", _as_json(job.result)]
    if job.error_message:
        parts += ["", "[bold]Error[/]", Text(words.clean(job.error_message))]
    if job.attempt_log:
        parts += ["", "[bold]Attempts that did not complete it[/]", _attempts(job.attempt_log)]
    if told := _what_next(job):
        parts += ["", *(Text(f"→ {each}", style="dim") for each in told)]
    return Group(*parts)


def _facts(job: OperatorJob, now: datetime) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    facts = [
        ("Attempt", f"{job.attempts} of {job.max_attempts}"),
        ("Priority", str(job.priority)),
        ("Made", _moment(job.created_at, now)),
        ("Due", _moment(job.scheduled_for, now)),
        ("Started", _moment(job.started_at, now)),
        ("Ended", _moment(job.completed_at, now)),
        ("Waited", words.milliseconds(job.waited_ms) if job.waited_ms is not None else ""),
        ("Took", words.milliseconds(job.duration_ms) if job.duration_ms is not None else ""),
        ("Key", words.safe(job.idempotency_key or "")),
        ("Given back", f"{words.plural(job.deferrals, 'time')} without an attempt counted" if job.deferrals else ""),
        ("Isolated", "its lease ran out once: it runs alone" if job.isolated else ""),
        ("Redrive of", str(job.redrive_of or "")),
        ("Redriven as", str(job.redriven_as or "")),
    ]
    for name, value in facts:
        if value:
            grid.add_row(name, value)
    return grid


def _moment(moment: datetime | None, now: datetime) -> str:
    return f"{words.local(moment)} [dim]({words.ago(moment, now)})[/]" if moment else ""


def _as_json(value: object) -> Syntax:
    text = words.clean(json.dumps(value, indent=2, ensure_ascii=False))
    return Syntax(text, "json", theme="ansi_dark", background_color="default", word_wrap=True)


def _attempts(log: Sequence[AttemptRecord]) -> Table:
    made = table("Ended", "Outcome", "Took", "Worker", "Error", right=("Took",), fold=("Error",))
    for each in log:
        took = (each.ended_at - each.started_at).total_seconds() if each.started_at else None
        made.add_row(
            words.local(each.ended_at),
            each.outcome,
            words.seconds(took),
            words.safe(each.worker_id or "-"),
            words.safe(each.error or "-"),
        )
    return made


def _what_next(job: OperatorJob) -> list[str]:
    """Commands that make sense for this job."""
    if job.status == "dead" and job.redriven_as is None:
        return [f"queue redrive {job.id}", f"queue discard {job.id}"]
    if job.redriven_as:
        return [f"queue job {job.redriven_as}"]
    if job.status == "pending":
        cancel = [] if job.job_type == "sync_like_count" else [f"queue cancel {job.id}"]
        return [f"queue edit {job.id} --at now", *cancel]
    return []
