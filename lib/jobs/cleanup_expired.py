"""cleanup_expired: delete what has been kept long enough, and files that no post shows. Asked for by a schedule, daily.

Kinds: ended jobs, the worker's runs and finished pushes (kept for at least two days, because answers to late workers
and repeated keys come from them), what operators did (kept for at least 400 days), notifications that were read, who
was removed (30 days at least), what counts like calls, and orphaned images.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import Field

from lib.jobs._post_files import BUCKET
from lib.model import Row
from lib.queue import Completed, Enqueued, JobContext, NewJob, Outcome, Payload, Policy, enqueue, job

ROWS_PER_CALL = 2000
OBJECTS_PER_CALL = 500
# Stop with this much left, so that the call under way can end.
LEAST_REMAINING_S = 2.0
# How many of the newest image jobs of each type are looked at, and how long ago one has just ended: longer than a
# batch takes, and than two clocks differ.
JOBS_LOOKED_AT = 500
JUST_NOW = timedelta(minutes=5)
KINDS = (
    "job_history",
    "worker_runs",
    "push_deliveries",
    "operator_actions",
    "notifications",
    "removed_users",
    "like_calls",
)

# Deletes one batch; returns how many went, and whether there may be more.
type Batch = Callable[[], Awaitable[tuple[int, bool]]]


class CleanupExpired(Payload):
    """How old is old enough."""

    older_than_days: int = Field(30, ge=1, le=3650)


class OrphanedImages(Row):
    """How many files were looked at, and those that no post shows."""

    examined: int
    orphans: tuple[str, ...]


class ImageJob(Row):
    """An image job, active or ended."""

    job_type: str
    payload: dict[str, Any]
    status: str
    priority: int
    max_attempts: int
    completed_at: datetime | None

    def ended_after(self, since: datetime) -> bool:
        """Whether it runs, or has completed since then."""
        return self.status == "processing" or (
            self.status == "completed" and self.completed_at is not None and self.completed_at > since
        )

    def to_new(self) -> dict[str, Any]:
        """Return what enqueue_jobs takes."""
        return self.model_dump(include={"job_type", "payload", "priority", "max_attempts"})


@job("cleanup_expired", payload=CleanupExpired, policy=Policy(timeout_s=5))
async def cleanup_expired(request: CleanupExpired, context: JobContext) -> Outcome:
    """Delete batch after batch, each kind in turn, while there is time; what is left is a job for the next run.

    Returns how many went of each kind. Safe to repeat.
    """
    unfinished: dict[str, Batch] = {kind: partial(_delete_rows, kind, request, context) for kind in KINDS}
    unfinished["orphaned_images"] = partial(_remove_orphaned_images, context)
    deleted = Counter(dict.fromkeys(unfinished, 0))
    while unfinished:
        for kind, batch in list(unfinished.items()):
            if context.remaining_s() < LEAST_REMAINING_S:
                next_job = NewJob(request, idempotency_key=f"cleanup_expired_after_{context.job.id}")
                return Completed({**deleted, "continued_by": str((await enqueue(context.database, next_job)).id)})
            count, more = await batch()
            deleted[kind] += count
            if not more:
                del unfinished[kind]
    return Completed({**deleted, "continued_by": None})


async def _delete_rows(kind: str, request: CleanupExpired, context: JobContext) -> tuple[int, bool]:
    count = await context.database.rpc(
        "delete_expired", int, kind=kind, older_than_days=request.older_than_days, max_rows=ROWS_PER_CALL
    )
    return count, count == ROWS_PER_CALL


async def _remove_orphaned_images(context: JobContext) -> tuple[int, bool]:
    """Look at the next files of the bucket; the place is kept in the database, also between runs.

    A post may go back to an earlier image after its files were found and before they are removed. So the jobs that
    may have stored them again in between are run once more; each stores what is missing.
    """
    (found,) = await context.database.rpc("find_orphaned_images", list[OrphanedImages], max_objects=OBJECTS_PER_CALL)
    removed = 0
    if found.orphans:
        removed = await context.storage.remove(BUCKET, found.orphans)
        await _repeat_image_jobs(found.orphans, context)
    return removed, found.examined == OBJECTS_PER_CALL


async def _repeat_image_jobs(removed: Sequence[str], context: JobContext) -> None:
    """Enqueue again what runs, or has just ended, for a post of these files. A job that waits stores them itself."""
    posts = {name.partition("/")[0] for name in removed}
    since = datetime.now(UTC) - JUST_NOW
    for job_type in ("process_image", "generate_thumbnail"):
        newest = await context.database.rpc("list_jobs", list[ImageJob], wanted_type=job_type, page_size=JOBS_LOOKED_AT)
        again = [each.to_new() for each in newest if each.payload.get("post_id") in posts and each.ended_after(since)]
        if again:
            await context.database.rpc("enqueue_jobs", list[Enqueued], jobs=again)
