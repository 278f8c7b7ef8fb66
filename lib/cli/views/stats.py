"""Numbers in detail: times, schedules, the week, and what keeps the queue busy for nothing."""

from rich.console import Group, RenderableType
from rich.table import Table

from lib.cli import words
from lib.cli.console import is_narrow, table
from lib.services.admin.queue.stats import Percentiles, QueueStats


def stats_screen(stats: QueueStats) -> RenderableType:
    """All sections that have something to say."""
    sections: list[RenderableType] = [
        "[bold]Last 24 hours, by type[/]",
        _types(stats),
        "",
        "[bold]Ended[/]",
        _ended(stats),
    ]
    if stats.given_back.jobs:
        sections += ["", "[bold]Come back again and again, without an attempt counted[/]", _given_back(stats)]
    if stats.oldest_transaction:
        sections += ["", _transaction(stats)]
    if stats.likes:
        sections += ["", _likes(stats)]
    return Group(*sections)


def _types(stats: QueueStats) -> Table:
    numbers = ("Completed", "Dead", "Discarded", "Cancelled", "Errors")
    times = () if is_narrow() else ("Duration p50 / p95 / p99", "Waited p50 / p95 / p99")
    made = table("Type", *numbers, *times, right=(*numbers, *times))
    for each in stats.types:
        row = [
            words.safe(each.job_type),
            words.number(each.completed_last_24h),
            words.number(each.dead_last_24h),
            words.number(each.discarded_last_24h),
            words.number(each.cancelled_last_24h),
            words.share(each.error_rate_last_24h),
        ]
        if times:
            row += [_percentiles(each.duration_ms_last_24h), _percentiles(each.waiting_ms_last_24h)]
        made.add_row(*row)
    return made


def _percentiles(each: Percentiles) -> str:
    if each.p50 is None:
        return "-"
    return " / ".join(words.milliseconds(value) for value in (each.p50, each.p95, each.p99))


def _ended(stats: QueueStats) -> Table:
    minutes = [each.completed + each.dead + each.discarded for each in stats.throughput]
    hours = [each.completed + each.dead + each.discarded for each in stats.throughput_by_hour]
    # A week has 168 hours: a bar for each six of them.
    parts = [sum(hours[first : first + 6]) for first in range(0, len(hours), 6)]
    grid = Table.grid(padding=(0, 2))
    grid.add_row("the last hour, by the minute", words.sparkline(minutes), words.plural(sum(minutes), "job"))
    grid.add_row("the last week, by six hours", words.sparkline(parts), words.plural(sum(hours), "job"))
    return grid


def _given_back(stats: QueueStats) -> Table:
    made = table("Job", "Type", "Times", "Since", "Why", right=("Times",), fold=("Why",))
    for each in stats.given_back.jobs:
        since = words.ago(each.created_at, stats.generated_at)
        made.add_row(
            str(each.id), each.job_type, words.number(each.deferrals), since, words.safe(each.error_message or "-")
        )
    return made


def _transaction(stats: QueueStats) -> str:
    """What keeps dead rows from being cleared away."""
    open_one = stats.oldest_transaction
    if open_one is None:
        return ""
    who = ", ".join(filter(None, (open_one.role, open_one.application, open_one.state)))
    return (
        f"[yellow]A transaction has been open for {words.seconds(open_one.open_seconds)}[/] "
        f"({words.safe(who)}): claims slow down meanwhile. [dim]select pg_terminate_backend({open_one.pid});[/]"
    )


def _likes(stats: QueueStats) -> str:
    likes = stats.likes
    if likes is None:
        return ""
    found = words.plural(likes.drifting_posts or 0, "wrong count")
    return f"Likes: {found} in the last audit, {words.ago(likes.audited_at, stats.generated_at)}"
