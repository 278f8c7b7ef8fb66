"""One attempt: payload -> handler -> settlement, for one job or for a batch of one type.

One job's failure is that job's alone. Nothing here calls the queue: the settlements go back to who claimed the jobs.
"""

import logging
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from lib.errors import DatabaseUnavailable, JobFailure, PermanentFailure, TimedOut
from lib.logs import log_event
from lib.model import broken_rules
from lib.queue.context import JobContext
from lib.queue.deadline import Deadline
from lib.queue.follow_ups import FollowUps
from lib.queue.handler import call_handler
from lib.queue.job import Job, UnreadableJob
from lib.queue.outcome import Completed, Discard, Snooze
from lib.queue.registry import JobType, Payload
from lib.queue.settlement import Settlement, release, settle_failure, settle_outcome
from lib.resources import Resources
from lib.tracing import tracing

UNREADABLE = "the job's row is not one that the queue's functions write: look at it in job_history"


class _Ready(NamedTuple):
    """A job with the request that its payload holds."""

    job: Job
    request: Payload


@dataclass(frozen=True, slots=True)
class Attempts:
    """Runs jobs with the instance's resources, as long as the deadline permits."""

    resources: Resources
    deadline: Deadline
    follow_ups: FollowUps

    async def run(self, job_type: JobType, jobs: Sequence[Job]) -> list[Settlement]:
        """Run jobs of one type and return a settlement for each."""
        ready, settlements = _read_payloads(job_type, jobs)
        for batch in _batches(job_type, ready):
            settlements += await self._run_batch(job_type, batch)
        return settlements

    async def _run_batch(self, job_type: JobType, batch: Sequence[_Ready]) -> list[Settlement]:
        """Call the handler once. When a batch fails as a whole, halve it until the job that is to blame fails alone."""
        if not self.deadline.fits(job_type.policy.timeout_s):
            return [release(each.job) for each in batch]
        try:
            outcomes = await self._call(job_type, batch)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its job's failure, never the worker's
            if len(batch) == 1 or isinstance(error, TimedOut | DatabaseUnavailable):
                return [_fail(job_type, each.job, error) for each in batch]
            half = len(batch) // 2
            return await self._run_batch(job_type, batch[:half]) + await self._run_batch(job_type, batch[half:])
        return [_settle(job_type, each.job, outcome) for each, outcome in zip(batch, outcomes, strict=True)]

    async def _call(self, job_type: JobType, batch: Sequence[_Ready]) -> Sequence[object]:
        """Return the handler's outcome for each job of the batch."""
        started = self.deadline.clock()
        ends_at = started + job_type.policy.timeout_s

        def remaining_s() -> float:
            return max(0.0, ends_at - self.deadline.clock())

        jobs = tuple(each.job for each in batch)
        context = JobContext(jobs, self.resources.within(remaining_s), remaining_s, self.follow_ups)
        requests = [each.request for each in batch]
        with tracing().processing(context.jobs) as span:
            answer = await call_handler(job_type, requests if job_type.is_batch else requests[0], context)
            if not job_type.is_batch:
                span.ended(type(answer).__name__)
        log_event(
            "jobs.ran",
            job_type=job_type.name,
            jobs=len(batch),
            duration_ms=round((self.deadline.clock() - started) * 1000),
        )
        return _one_for_each(answer, len(batch)) if job_type.is_batch else [answer]


def _read_payloads(job_type: JobType, jobs: Sequence[Job]) -> tuple[list[_Ready], list[Settlement]]:
    """Check each payload against its model. One that does not fit can never succeed."""
    ready: list[_Ready] = []
    refused: list[Settlement] = []
    for job in jobs:
        if isinstance(job, UnreadableJob):
            refused.append(_fail(job_type, job, PermanentFailure(UNREADABLE)))
            continue
        try:
            ready.append(_Ready(job, job_type.payload.model_validate(job.payload)))
        except ValidationError as error:
            rules = "; ".join(f"{broken.field}: {broken.rule}" for broken in broken_rules(error, "payload"))
            refused.append(_fail(job_type, job, PermanentFailure(f"the payload is not valid: {rules}")))
        except Exception as error:  # noqa: BLE001 - a validator's own mistake is its job's failure too
            refused.append(_fail(job_type, job, error))
    return ready, refused


def _batches(job_type: JobType, ready: Sequence[_Ready]) -> list[Sequence[_Ready]]:
    """Part the jobs into calls of the handler, the largest first.

    A job that takes too long spends an attempt of all jobs in its call. So each retry runs in batches a tenth as large,
    and a last attempt runs alone.
    """
    by_size: dict[int, list[_Ready]] = defaultdict(list)
    for each in ready:
        job = each.job
        size = 1 if job.is_last_attempt else max(1, job_type.batch // 10 ** (job.attempts - 1))
        by_size[size].append(each)
    return [
        group[first : first + size]
        for size, group in sorted(by_size.items(), reverse=True)
        for first in range(0, len(group), size)
    ]


def _one_for_each(outcomes: Any, count: int) -> Sequence[object]:
    if not isinstance(outcomes, Sequence) or len(outcomes) != count:
        raise PermanentFailure("the batch handler did not answer for each job")
    return outcomes


def _settle(job_type: JobType, job: Job, outcome: object) -> Settlement:
    """Decide what a handler's answer for one job means."""
    match outcome:
        case Completed() | Snooze() | Discard():
            try:
                return settle_outcome(job, outcome)
            except Exception as error:  # noqa: BLE001 - an outcome made of the wrong values
                return _fail(job_type, job, error)
        case JobFailure():
            return _fail(job_type, job, outcome)
        case _:
            return _fail(job_type, job, PermanentFailure("the handler returned no Outcome"))


def _fail(job_type: JobType, job: Job, error: Exception) -> Settlement:
    expected = isinstance(error, JobFailure)
    log_event(
        "job.failed",
        level=logging.WARNING,
        error=None if expected else error,
        job_id=str(job.id),
        job_type=job.job_type,
        attempt=job.attempts,
        reason=type(error).__name__,
    )
    return settle_failure(job, job_type.policy, error, random.random(), datetime.now(UTC))
