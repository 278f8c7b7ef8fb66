"""Enqueueing, typed by the payload models. The worker's counterpart: it adds jobs and runs none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lib.database import Database, Row
from lib.queue.registry import Payload, type_of

MAX_JOBS_PER_CALL = 1000


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to enqueue. Priority and attempts come from the type's policy unless given.

    idempotency_key: at most 255 characters; an active job, or one that completed within dedupe_seconds, holds it.
    """

    payload: Payload
    priority: int | None = None
    scheduled_for: datetime | None = None
    idempotency_key: str | None = None
    max_attempts: int | None = None
    dedupe_seconds: int | None = None

    def to_row(self) -> Row:
        """The arguments of enqueue_job."""
        job_type = type_of(self.payload)
        row: dict[str, Any] = {
            "job_type": job_type.name,
            "payload": self.payload.model_dump(mode="json", exclude_unset=True),
            "priority": job_type.policy.priority if self.priority is None else self.priority,
            "max_attempts": job_type.policy.max_attempts if self.max_attempts is None else self.max_attempts,
        }
        if self.scheduled_for is not None:
            row["scheduled_for"] = self.scheduled_for.astimezone(UTC).isoformat()
        if self.idempotency_key is not None:
            row["idempotency_key"] = self.idempotency_key
        if self.dedupe_seconds is not None:
            row["dedupe_seconds"] = self.dedupe_seconds
        return row


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The job that is in the queue now. created: False when its key named one that was there before."""

    id: UUID
    created: bool
    status: str

    @classmethod
    def from_row(cls, row: Row) -> "Enqueued":
        """From a row of enqueue_job or enqueue_jobs."""
        return cls(UUID(row["id"]), row["created"], row["status"])


async def enqueue(database: Database, job: NewJob) -> Enqueued:
    """Add one job, or find the one that holds its key.

    Raises:
        Conflict: the key is held by a job of another type or payload.
        InvalidInput: a limit of the queue is passed (payload over 64 KiB, priority, attempts, key).
        DatabaseUnavailable, DatabaseTimeout: nothing is known to be enqueued; with a key it is safe to try again.
    """
    return Enqueued.from_row(await database.enqueue_job(job.to_row()))


async def enqueue_many(database: Database, jobs: Sequence[NewJob]) -> list[Enqueued]:
    """Add many jobs, all or none, in calls of up to 1,000 that are one transaction: at most one call's worth.

    Raises:
        ValueError: more than 1,000 jobs, which cannot be one transaction.
        Conflict, InvalidInput, DatabaseUnavailable, DatabaseTimeout: as enqueue; the message names the position.
    """
    if len(jobs) > MAX_JOBS_PER_CALL:
        raise ValueError(f"at most {MAX_JOBS_PER_CALL} jobs are enqueued in one transaction")
    if not jobs:
        return []
    return [Enqueued.from_row(row) for row in await database.enqueue_jobs([job.to_row() for job in jobs])]
