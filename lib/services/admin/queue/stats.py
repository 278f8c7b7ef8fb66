"""The queue in numbers, for dashboards."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator

from lib.caller import Caller
from lib.model import Model, NoInput, camel_case
from lib.resources import Resources

# Keys that a worker wrote in snake_case, as HTTP shows keys.
type Counts = dict[Annotated[str, AfterValidator(camel_case)], int]


class Percentiles(Model):
    """In whole milliseconds, read from a histogram; null where nothing was measured."""

    p50: int | None
    p95: int | None
    p99: int | None


class TypeStats(Model):
    """One job type: active jobs, and the last 24 hours.

    Durations are of completed jobs. Waiting is from due to started, of all that a worker ended. error_rate: share of
    attempts that failed. pending_is_estimate: pending, failed, due and scheduled are estimates.
    """

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
    cancelled_last_24h: int
    average_ms_last_24h: int | None
    duration_ms_last_24h: Percentiles
    waiting_ms_last_24h: Percentiles
    error_rate_last_24h: float | None
    pending_is_estimate: bool


class MinuteStats(Model):
    """Jobs that ended in one minute."""

    minute: datetime
    completed: int
    dead: int
    discarded: int


class HourStats(Model):
    """Jobs that ended in one hour."""

    hour: datetime
    completed: int
    dead: int
    discarded: int


class LastRun(Model):
    """The newest run; finished_at and stop_reason are null while it runs, or when it was killed."""

    id: int
    worker_id: str
    trigger: str
    started_at: datetime
    finished_at: datetime | None
    budget_ms: int
    stop_reason: str | None
    counts: Counts
    known_types: tuple[str, ...] | None


class RunStats(Model):
    """The worker's runs of the last hour. budget_used: the share of their time that the ended ones used."""

    last_hour: int
    killed: int
    overlapping: int
    missed: int
    stop_reasons: dict[str, int]
    budget_used: float | None
    last: LastRun | None
    last_started_at: datetime | None
    last_finished_at: datetime | None


class ScheduleState(Model):
    """A schedule. waiting: the job of its last slot is still pending, so no other is made."""

    name: str
    job_type: str
    payload: dict[str, Any]
    cron_expression: str
    timezone: str
    enabled: bool
    last_slot: datetime | None
    next_run_at: datetime | None
    last_error: str | None
    waiting: bool


class LikeAudit(Model):
    """What the last audit of the like counts found."""

    drifting_posts: int | None
    checked_posts: int | None
    audited_at: datetime


class ReturningJob(Model):
    """An active job that came back ten times or more without an attempt counted."""

    id: UUID
    job_type: str
    status: str
    deferrals: int
    created_at: datetime
    scheduled_for: datetime
    error_message: str | None


class GivenBack(Model):
    """How many active jobs came back so often, and the twenty that did most often."""

    ten_times: int
    fifty_times: int
    jobs: tuple[ReturningJob, ...]


class OpenTransaction(Model):
    """The transaction that keeps dead rows from being cleared away."""

    pid: int
    role: str | None
    application: str | None
    state: str | None
    open_seconds: int


class Rates(Model):
    """How fast jobs come and go now. capacity: what would end if the runs used all of their time."""

    arriving_per_minute: float
    ending_per_minute: float
    capacity_per_minute: float


class QueueStats(Model):
    """The queue in numbers. failed: pending jobs that wait for a retry, so pending includes them."""

    pending: int
    pending_is_estimate: bool
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
    throughput_by_hour: tuple[HourStats, ...]
    runs: RunStats
    schedules: tuple[ScheduleState, ...]
    likes: LikeAudit | None
    given_back: GivenBack
    oldest_transaction: OpenTransaction | None
    rates: Rates
    forecast_seconds: int | None
    generated_at: datetime


async def queue_stats(_input: NoInput, resources: Resources, _: Caller) -> QueueStats:
    """Return the queue in numbers."""
    return await resources.database.rpc("queue_stats", QueueStats)
