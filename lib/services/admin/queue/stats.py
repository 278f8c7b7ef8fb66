"""The queue in numbers, for dashboards."""

from datetime import datetime

from lib.caller import Caller
from lib.model import Model, NoInput
from lib.resources import Resources


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


async def queue_stats(_input: NoInput, resources: Resources, _: Caller) -> QueueStats:
    """Return the queue in numbers."""
    return await resources.database.rpc("queue_stats", QueueStats)
