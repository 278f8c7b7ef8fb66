"""Enqueueing, typed by the payload models. It does not run jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lib.database import Database
from lib.model import Row
from lib.queue.registry import Payload, type_of
from lib.tracing import Sending, tracing

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

    def to_arguments(self) -> dict[str, Any]:
        """Return the arguments of enqueue_job."""
        job_type = type_of(self.payload)
        arguments: dict[str, Any] = {
            "job_type": job_type.name,
            "payload": self.payload.model_dump(mode="json", exclude_unset=True),
            "priority": job_type.policy.priority if self.priority is None else self.priority,
            "max_attempts": job_type.policy.max_attempts if self.max_attempts is None else self.max_attempts,
        }
        if self.scheduled_for is not None:
            arguments["scheduled_for"] = self.scheduled_for.astimezone(UTC).isoformat()
        if self.idempotency_key is not None:
            arguments["idempotency_key"] = self.idempotency_key
        if self.dedupe_seconds is not None:
            arguments["dedupe_seconds"] = self.dedupe_seconds
        return arguments


class Enqueued(Row):
    """The job that is in the queue now. created: False when its key named one that was there before."""

    id: UUID
    created: bool
    status: str


async def enqueue(database: Database, job: NewJob) -> Enqueued:
    """Add one job, or find the one that holds its key.

    Raises:
        Conflict: the key is held by a job of another type or payload.
        InvalidInput: a limit of the queue is passed (payload over 64 KiB, priority, attempts, key).
        DatabaseUnavailable, DatabaseTimeout: nothing is known to be enqueued; with a key it is safe to try again.
    """
    with tracing().sending([type_of(job.payload).name]) as span:
        arguments = job.to_arguments() | _trace_context(span)
        (enqueued,) = await database.rpc("enqueue_job", list[Enqueued], **arguments)
        span.sent([enqueued.id])
    return enqueued


async def enqueue_many(database: Database, jobs: Sequence[NewJob]) -> list[Enqueued]:
    """Add up to 1,000 jobs in one transaction, all or none. Return them in the order given.

    Raises:
        ValueError: more than 1,000 jobs.
        Conflict, InvalidInput, DatabaseUnavailable, DatabaseTimeout: as enqueue; the message names the position.
    """
    if len(jobs) > MAX_JOBS_PER_CALL:
        raise ValueError(f"at most {MAX_JOBS_PER_CALL} jobs are enqueued in one transaction")
    if not jobs:
        return []
    with tracing().sending([type_of(job.payload).name for job in jobs]) as span:
        elements = [job.to_arguments() | _trace_context(span) for job in jobs]
        enqueued = await database.rpc("enqueue_jobs", list[Enqueued], jobs=elements)
        span.sent([each.id for each in enqueued])
    return enqueued


def _trace_context(span: Sending) -> dict[str, str]:
    """Return the argument that says whose work the job is; not one when nobody traces it."""
    return {} if span.traceparent is None else {"traceparent": span.traceparent}
