"""The one screen that says how the queue is."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lib.cli import words
from lib.cli.console import indented, is_narrow, table
from lib.services.admin.queue.stats import QueueStats, TypeStats
from lib.services.health.queue import QueueHealth

# What mends a reason, as a command; docs/http.md explains the codes.
MENDS = {
    "expired_leases": "queue tick",
    "job_due_too_long": "queue runs",
    "too_many_dead": "queue jobs --status dead",
    "no_run": "queue tick --until-empty",
    "paused_type_waits": "queue resume TYPE",
    "schedule_cannot_be_planned": "queue schedules",
    "unknown_type": "queue doctor",
    "missing_type": "queue doctor",
    "given_back_too_often": "queue stats",
    "push_key_refused": "queue doctor",
    "storage_refuses": "queue doctor",
}


def status_screen(health: QueueHealth, stats: QueueStats, where: str) -> RenderableType:
    """Everything at a glance, the worst first."""
    return Group(
        _headline(health, stats, where),
        "",
        _numbers(stats),
        "",
        *_types(stats),
    )


def _headline(health: QueueHealth, stats: QueueStats, where: str) -> RenderableType:
    at = stats.generated_at.astimezone().strftime("%H:%M:%S")
    state = "[bold green]● healthy[/]" if health.healthy else "[bold red]● unhealthy[/]"
    parts: list[RenderableType] = [f"{state}  [dim]{words.safe(where)}, {at}[/]"]
    for code, reason in zip(health.reason_codes, health.reasons, strict=True):
        parts.append(indented(words.safe(reason), "[red]✗[/]"))
        if code in MENDS:
            parts.append(f"   [dim]→ {_mend(code, health)}[/]")
    return Group(*parts)


def _mend(code: str, health: QueueHealth) -> str:
    """Return the command, with the type when there is only one that it can mean."""
    paused = health.paused_types_with_due_jobs
    return MENDS[code].replace("TYPE", words.safe(paused[0]) if len(paused) == 1 else "TYPE")


def _numbers(stats: QueueStats) -> Table:
    """Pairs of a name and what there is to say of it."""
    about = "about " if stats.pending_is_estimate else ""
    waiting = f"{about}{words.number(stats.pending)}"
    parts = [
        (stats.due, "due now"),
        (stats.scheduled, "for later"),
        (stats.failed, "of them after a failure"),
    ]
    if told := ", ".join(f"{words.number(count)} {what}" for count, what in parts if count):
        waiting += f": {told}"
    working = words.number(stats.processing)
    if stats.stuck:
        working += f", [red]{words.number(stats.stuck)} with an expired lease[/]"
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    grid.add_row("Waiting", waiting)
    grid.add_row("Working", working)
    grid.add_row("Oldest due", words.seconds(stats.oldest_due_seconds, "nothing is due"))
    grid.add_row("Backlog gone", _forecast(stats))
    grid.add_row("Dead in 24 h", f"[red]{words.number(stats.dead_last_24h)}[/]" if stats.dead_last_24h else "0")
    grid.add_row("Runs", _runs(stats))
    if stats.likes and stats.likes.drifting_posts:
        grid.add_row("Likes", f"[red]{words.plural(stats.likes.drifting_posts, 'post')} with a wrong count[/]")
    if stats.given_back.ten_times:
        grid.add_row("Given back", f"{words.plural(stats.given_back.ten_times, 'job')} 10 times or more")
    grid.add_row("Last hour", _throughput(stats))
    return grid


def _forecast(stats: QueueStats) -> str:
    rates = stats.rates
    arriving = f"{words.number(rates.arriving_per_minute)} a minute arrive"
    ending = f"{words.number(rates.capacity_per_minute)} could end"
    if stats.forecast_seconds is None:
        return f"[red]never[/]: {arriving}, {ending}"
    gone = f"in {words.seconds(stats.forecast_seconds)}" if stats.due else "now"
    return f"{gone}: {arriving}, {ending}"


def _runs(stats: QueueStats) -> str:
    runs = stats.runs
    if runs.last is None:
        return "not one yet"
    how = runs.last.stop_reason or "still runs"
    parts = [f"last {words.ago(runs.last_started_at, stats.generated_at)} ({runs.last.trigger}, {how})"]
    parts.append(f"{words.plural(runs.last_hour, 'run')} in the last hour")
    if runs.missed:
        parts.append(f"[yellow]{words.plural(runs.missed, 'minute')} without one[/]")
    if runs.killed:
        parts.append(f"[red]{runs.killed} killed[/]")
    if runs.overlapping:
        parts.append(f"{runs.overlapping} overlapping")
    if runs.budget_used is not None:
        parts.append(f"{words.share(runs.budget_used)} of their time used")
    return ", ".join(parts)


def _throughput(stats: QueueStats) -> str:
    ended = [each.completed + each.dead + each.discarded for each in stats.throughput]
    if is_narrow():
        ended = [sum(ended[first : first + 3]) for first in range(0, len(ended), 3)]
    return f"{words.sparkline(ended)} {words.plural(sum(ended), 'job')} ended"


def _types(stats: QueueStats) -> list[RenderableType]:
    busy = [each for each in stats.types if _is_worth_a_line(each)]
    idle = [each.job_type for each in stats.types if not _is_worth_a_line(each)]
    lines: list[RenderableType] = []
    if busy:
        lines.append(_type_table(busy))
    if idle:
        lines.append(Text(f"idle: {', '.join(idle)}", style="dim"))
    return lines


def _is_worth_a_line(each: TypeStats) -> bool:
    return bool(each.pending or each.processing or each.paused or each.completed_last_24h or each.dead_last_24h)


def _type_table(types: list[TypeStats]) -> Table:
    """Wide: with times. Narrow: what waits and what died."""
    wide = ("Oldest due", "p50", "p95", "Done 24 h") if not is_narrow() else ()
    counts = ("Due", "Waiting", "Working")
    made = table("Type", *counts, *wide, "Dead 24 h", "Errors", right=(*counts, *wide, "Dead 24 h", "Errors"))
    for each in types:
        name = words.safe(each.job_type) + (" [yellow]paused[/]" if each.paused else "")
        row = [name, *(words.number(count) for count in (each.due, each.pending, each.processing))]
        if wide:
            row += [
                words.seconds(each.oldest_due_seconds),
                words.milliseconds(each.duration_ms_last_24h.p50),
                words.milliseconds(each.duration_ms_last_24h.p95),
                words.number(each.completed_last_24h),
            ]
        dead = words.number(each.dead_last_24h)
        row += [f"[red]{dead}[/]" if each.dead_last_24h else dead, words.share(each.error_rate_last_24h)]
        made.add_row(*row)
    return made
