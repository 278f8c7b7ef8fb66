"""What the queue says of itself: health for uptime monitors, numbers for dashboards."""

from datetime import datetime

from lib.call import Call
from lib.model import Model, NoInput


class QueueHealth(Model):
    """healthy, and the reasons when not. Seconds are whole; null where there is nothing to measure."""

    healthy: bool
    stuck_jobs: int
    pending_jobs: int
    oldest_due_seconds: int | None
    dead_last_24h: int
    last_run_seconds_ago: int | None
    drifting_posts: int | None
    reasons: tuple[str, ...]


class TypeStats(Model):
    """One job type: active jobs, and the last 24 hours."""

    job_type: str
    pending: int
    processing: int
    failed: int
    due: int
    scheduled: int
    stuck: int
    isolated: int
    oldest_due_seconds: int | None
    paused: bool
    completed_last_24h: int
    dead_last_24h: int
    discarded_last_24h: int
    average_ms_last_24h: int | None


class MinuteStats(Model):
    """Jobs that ended in one minute."""

    minute: datetime
    completed: int
    dead: int
    discarded: int


class RunStats(Model):
    """The worker's runs of the last hour."""

    last_hour: int
    killed: int
    overlapping: int
    missed: int
    last_started_at: datetime | None
    last_finished_at: datetime | None


class QueueStats(Model):
    """The queue in numbers. failed: pending jobs that wait for a retry, so pending includes them."""

    pending: int
    processing: int
    failed: int
    by_type: dict[str, int]
    due: int
    scheduled: int
    stuck: int
    dead_last_24h: int
    oldest_due_seconds: int | None
    types: tuple[TypeStats, ...]
    throughput: tuple[MinuteStats, ...]
    runs: RunStats
    forecast_seconds: int | None
    generated_at: datetime


async def queue_health(_: NoInput, call: Call) -> QueueHealth:
    """Whether the queue works."""
    return QueueHealth.model_validate(await call.database.queue_health())


async def queue_stats(_: NoInput, call: Call) -> QueueStats:
    """The queue in numbers."""
    return QueueStats.model_validate(await call.database.queue_stats())
