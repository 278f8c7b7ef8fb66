"""Whether the queue works, for uptime monitors."""

from lib.caller import Caller
from lib.model import Model, NoInput
from lib.resources import Resources

# Every reason that queue_health knows, as its header explains them. Metrics show each of them, also while it is absent.
REASON_CODES = (
    "expired_leases",
    "job_due_too_long",
    "too_many_dead",
    "no_run",
    "paused_type_waits",
    "schedule_cannot_be_planned",
    "unknown_type",
    "missing_type",
    "given_back_too_often",
    "push_key_refused",
    "storage_refuses",
)


class QueueHealth(Model):
    """healthy, and the reasons when not. Seconds are whole; null where there is nothing to measure.

    reason_codes are the reasons for programs, in the same order.
    """

    healthy: bool
    stuck_jobs: int
    pending_jobs: int
    pending_is_estimate: bool
    oldest_due_seconds: int | None
    dead_last_24h: int
    last_run_seconds_ago: int | None
    drifting_posts: int | None
    paused_types_with_due_jobs: tuple[str, ...]
    reasons: tuple[str, ...]
    reason_codes: tuple[str, ...]


async def queue_health(_input: NoInput, resources: Resources, _: Caller) -> QueueHealth:
    """Return whether the queue works, with the reasons when not."""
    return await resources.database.rpc("queue_health", QueueHealth)
