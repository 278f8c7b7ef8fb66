"""For tests of job pages: run one handler, see what it enqueued, drain the queue of the test's own database.

Nothing is faked. The resources are those of a test: its database behind its API, and the outside that its settings
allow. Nothing that is deployed imports this module.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from lib.model import Row
from lib.queue.context import JobContext
from lib.queue.follow_ups import FINISH_S, FollowUps
from lib.queue.handler import call_handler
from lib.queue.job import Job
from lib.queue.outcome import Outcome
from lib.queue.registry import BatchOutcome, JobType, Payload, registered, type_of
from lib.queue.report import RunReport
from lib.queue.store import Store
from lib.queue.worker import Worker
from lib.resources import Resources


class _Listed(Row):
    """A row of list_jobs, as far as a test asks."""

    payload: dict[str, Any]


async def run_handler(resources: Resources, request: Payload, *, attempts: int = 1) -> Outcome:
    """Run the handler of one job, under its timeout, and return its outcome. The job itself is not in the queue.

    attempts: which attempt it is, counted from 1.

    Raises:
        TimedOut: the handler did not end in time.
        Exception: what the handler raised.
    """
    job_type = type_of(request)
    context = _context(resources, job_type, [request], attempts)
    outcome: Outcome = await call_handler(job_type, request, context)
    await context.follow_ups.finish(FINISH_S)
    return outcome


async def run_batch_handler(
    resources: Resources, requests: Sequence[Payload], *, attempts: int = 1
) -> Sequence[BatchOutcome]:
    """Do the same for a batch handler: one outcome, or failure, for each request."""
    job_type = type_of(requests[0])
    context = _context(resources, job_type, requests, attempts)
    outcomes: Sequence[BatchOutcome] = await call_handler(job_type, list(requests), context)
    await context.follow_ups.finish(FINISH_S)
    return outcomes


async def waiting[P: Payload](resources: Resources, payload: type[P]) -> list[P]:
    """Return the payloads of the pending jobs of one type, the oldest first: up to 1,000."""
    (name,) = [job_type.name for job_type in registered.values() if job_type.payload is payload]
    rows = await resources.database.rpc(
        "list_jobs", list[_Listed], wanted_status="pending", wanted_type=name, page_size=1000
    )
    return [payload.model_validate(row.payload) for row in reversed(rows)]


async def drain(resources: Resources, max_runs: int = 10) -> list[RunReport]:
    """Run the worker until no job is due, at most so many times. Return what each run reports."""
    reports: list[RunReport] = []
    while len(reports) < max_runs and await _is_due(resources):
        reports.append(await Worker(resources, "manual").run())
    return reports


async def _is_due(resources: Resources) -> bool:
    backlog = await Store(resources.database, "test").queue_health()
    return backlog.oldest_due_seconds is not None


def _context(resources: Resources, job_type: JobType, requests: Sequence[Payload], attempts: int) -> JobContext:
    ends_at = time.monotonic() + job_type.policy.timeout_s

    def remaining_s() -> float:
        return max(0.0, ends_at - time.monotonic())

    jobs = tuple(
        Job(
            id=uuid4(),
            job_type=job_type.name,
            payload=request.model_dump(mode="json"),
            priority=job_type.policy.priority,
            attempts=attempts,
            max_attempts=job_type.policy.max_attempts,
            claim_token=uuid4(),
            created_at=datetime.now(UTC),
        )
        for request in requests
    )
    return JobContext(jobs, resources.within(remaining_s), remaining_s, FollowUps(resources))
