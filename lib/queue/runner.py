"""Running what was claimed: a job, or a batch of one type, from its payload to its settlement.

One job's failure is that job's alone. Nothing here talks to the queue: the settlements go back to the lane.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
from pydantic import ValidationError

from lib.database import Database
from lib.errors import DatabaseUnavailable, JobFailure, PermanentFailure, TimedOut
from lib.logs import log_event
from lib.queue.budget import TimeBudget
from lib.queue.context import JobContext
from lib.queue.job import Job
from lib.queue.outcome import Completed, Discard, Settlement, Snooze, settle_failure, settle_outcome
from lib.queue.registry import JobType, Payload
from lib.settings import Settings

# How long a cancelled handler may take to clean up before it is left behind.
CANCEL_GRACE_S = 0.25


class Runner:
    """Runs handlers under their timeouts."""

    def __init__(
        self,
        database: Database,
        http: httpx.AsyncClient,
        settings: Settings,
        budget: TimeBudget,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._http = http
        self._settings = settings
        self._budget = budget
        self._clock = clock

    async def run(self, job_type: JobType, jobs: Sequence[Job]) -> list[Settlement]:
        """Run jobs of one type, in one call of the handler or a few, and return a settlement for each."""
        readable: list[tuple[Job, Payload]] = []
        settlements: list[Settlement] = []
        for job in jobs:
            try:
                readable.append((job, job_type.payload.model_validate(job.payload)))
            except ValidationError as error:
                settlements.append(self._fail(job_type, job, PermanentFailure(_describe(error))))
            except Exception as error:  # noqa: BLE001 - a validator's own mistake is its job's failure too
                settlements.append(self._fail(job_type, job, error))
        return settlements + await self._run_if_time(job_type, _companies(job_type, readable))

    async def _run_readable(self, job_type: JobType, work: list[tuple[Job, Payload]]) -> list[Settlement]:
        started = self._clock()
        jobs = [job for job, _ in work]
        try:
            answers = await self._call(job_type, work)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its job's failure, never the worker's
            if len(work) == 1 or isinstance(error, TimedOut | DatabaseUnavailable):
                return [self._fail(job_type, job, error) for job in jobs]
            return await self._split(job_type, work)
        log_event("jobs.ran", job_type=job_type.name, jobs=len(jobs), duration_ms=_ms(self._clock() - started))
        return [self._answer(job_type, job, answer) for job, answer in zip(jobs, answers, strict=True)]

    async def _split(self, job_type: JobType, work: list[tuple[Job, Payload]]) -> list[Settlement]:
        """One job of a batch may have failed them all: halve the batch until it fails alone."""
        half = len(work) // 2
        return await self._run_if_time(job_type, [work[:half], work[half:]])

    async def _run_if_time(self, job_type: JobType, parts: Sequence[list[tuple[Job, Payload]]]) -> list[Settlement]:
        """One part after the other; those for which there is no time any more are released."""
        settlements: list[Settlement] = []
        for part in parts:
            if self._budget.fits(job_type.policy.timeout_s, self._clock()):
                settlements += await self._run_readable(job_type, part)
            else:
                settlements += [Settlement(job, "released") for job, _ in part]
        return settlements

    async def _call(self, job_type: JobType, work: list[tuple[Job, Payload]]) -> Sequence[object]:
        """Call the handler under its timeout; a handler that ignores its cancellation is left behind."""
        ends_at = self._clock() + job_type.policy.timeout_s
        context = JobContext(
            jobs=tuple(job for job, _ in work),
            database=self._database,
            http=self._http,
            settings=self._settings,
            remaining_s=lambda: max(0.0, ends_at - self._clock()),
        )
        requests: Any = [payload for _, payload in work] if job_type.is_batch else work[0][1]
        task = asyncio.ensure_future(_guarded(job_type.handler(requests, context)))
        done, _ = await asyncio.wait({task}, timeout=job_type.policy.timeout_s)
        if not done:
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=CANCEL_GRACE_S)
            if not done:
                log_event("job.abandoned", level=logging.ERROR, job_type=job_type.name)
            elif not task.cancelled():
                task.exception()  # retrieved: the timeout is what counts
            raise TimedOut(f"no end after {job_type.policy.timeout_s:g} s")
        answers = _result_of(task)
        if not job_type.is_batch:
            return [answers]
        if not isinstance(answers, Sequence) or len(answers) != len(work):
            raise PermanentFailure("the batch handler did not answer for each job")
        return answers

    def _answer(self, job_type: JobType, job: Job, answer: object) -> Settlement:
        match answer:
            case Completed() | Snooze() | Discard():
                try:
                    return settle_outcome(job, answer)
                except Exception as error:  # noqa: BLE001 - an outcome made of the wrong values
                    return self._fail(job_type, job, error)
            case JobFailure():
                return self._fail(job_type, job, answer)
            case _:
                return self._fail(job_type, job, PermanentFailure("the handler returned no Outcome"))

    def _fail(self, job_type: JobType, job: Job, error: Exception) -> Settlement:
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
        return settle_failure(job, job_type.policy, error, random.random())


def _companies(job_type: JobType, work: list[tuple[Job, Payload]]) -> list[list[tuple[Job, Payload]]]:
    """The calls that a batch is run in. A job that takes too long spends an attempt of all jobs in its call, so each
    attempt is in a tenth of the company, and the last one alone."""
    by_size: dict[int, list[tuple[Job, Payload]]] = defaultdict(list)
    for job, payload in work:
        size = 1 if job.is_last_attempt else max(1, job_type.batch // 10 ** (job.attempts - 1))
        by_size[size].append((job, payload))
    return [
        group[first : first + size]
        for size, group in sorted(by_size.items(), reverse=True)
        for first in range(0, len(group), size)
    ]


async def _guarded[T](handler: Awaitable[T]) -> T:
    """What a handler returns. SystemExit, which a task would let through to whoever runs the event loop, is its own
    failure."""
    try:
        return await handler
    except SystemExit as error:
        raise JobFailure("the handler raised SystemExit") from error


def _result_of(task: asyncio.Task[Any]) -> Any:
    """What the handler returned. What it raised is an Exception: anything else, a cancellation that it brought upon
    itself for one, would end the worker instead of the job."""
    if task.cancelled():
        raise JobFailure("the handler was cancelled from within")
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise JobFailure(f"the handler raised {type(error).__name__}") from error
    return task.result()


def _describe(error: ValidationError) -> str:
    """Which fields of the payload break which rules, without their values."""
    problems = (
        f"{'.'.join(str(part) for part in problem['loc']) or 'payload'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return f"the payload is not valid: {'; '.join(problems)}"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
