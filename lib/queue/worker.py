"""The worker: one invocation, from the first call to the report.

It drains until nothing due is left or the time budget ends. Read `Worker.run` for the life of an invocation.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import httpx

from lib.database import Database
from lib.errors import DatabaseError
from lib.logs import log_event
from lib.queue.budget import TimeBudget
from lib.queue.job import Job
from lib.queue.lane import Lane
from lib.queue.outcome import Settlement, refuse, release
from lib.queue.policy import DEFAULT_LEASE_S
from lib.queue.registry import JobType, registered
from lib.queue.report import RunReport
from lib.queue.runner import Runner
from lib.queue.schedules import fire_due_schedules
from lib.queue.settling import Settler
from lib.settings import Settings

type Trigger = Literal["cron", "manual"]

# Kept back for isolated jobs, when there are any: this much; in every other run the longest timeout among their types.
ISOLATED_RESERVE_S = 2.0
MAX_RESCUED_PER_CALL = 500


@dataclass(slots=True)
class Worker:
    """One invocation. `deadline_in_s` is the time until the platform's kill, None if unknown."""

    database: Database
    http: httpx.AsyncClient
    settings: Settings
    trigger: Trigger
    budget_ms: int
    concurrency: int
    deadline_in_s: float | None = None
    types: Mapping[str, JobType] = field(default_factory=lambda: registered)
    clock: Callable[[], float] = time.monotonic

    async def run(self) -> RunReport:
        """Run one invocation.

        Raises:
            DatabaseUnavailable, DatabaseTimeout: Supabase does not answer. Jobs that are leased keep their lease
                and are rescued by a later run.
        """
        run = _Run(self)
        await run.open()
        try:
            await run.rescue()
            await run.fire_schedules()
            await run.drain()
            await run.run_isolated()
            await run.use_what_is_left()
            await run.conclude()
        except BaseException:
            run.report.stop_reason = "error"
            raise
        finally:
            await run.close()
        return run.report


class _Run:
    """The steps of one invocation and what they share."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._database = worker.database
        self._clock = worker.clock
        self._started = worker.clock()
        self._budget = TimeBudget.start(self._started, worker.budget_ms, worker.deadline_in_s)
        self.report = RunReport(worker_id=f"w-{secrets.token_hex(8)}", budget_ms=worker.budget_ms)
        self._settler = Settler(self._database, self.report, self._budget, self._clock)
        self._runner = Runner(self._database, worker.http, worker.settings, self._budget, self._clock)
        self._run_id = 0
        self._isolated_types: list[JobType] = []

    def _call_timeout_s(self) -> float:
        return self._budget.call_timeout_s(self._clock())

    async def open(self) -> None:
        """Record that this run started, and learn which isolated jobs wait."""
        worker = self._worker
        row = await self._database.start_worker_run(
            self.report.worker_id, worker.trigger, worker.budget_ms, self._call_timeout_s()
        )
        self._run_id = row["run_id"]
        self._isolated_types = [worker.types[name] for name in row["isolated_types"] if name in worker.types]
        log_event("run.started", worker_id=self.report.worker_id, trigger=worker.trigger)
        never = [name for name, job_type in worker.types.items() if job_type.policy.timeout_s > worker.budget_ms / 1000]
        if never:
            log_event("run.budget_too_small", level=logging.ERROR, budget_ms=worker.budget_ms, never_run=never)

    async def rescue(self) -> None:
        """Take back what a killed run held."""
        while self._budget.remaining_s(self._clock()):
            row = await self._database.rescue_expired_jobs(MAX_RESCUED_PER_CALL, self._call_timeout_s())
            self.report.rescued += row["requeued"] + row["dead"]
            self.report.rescued_dead += row["dead"]
            if row["requeued"] + row["dead"] < MAX_RESCUED_PER_CALL:
                return

    async def fire_schedules(self) -> None:
        """Enqueue the recurring jobs that are due."""
        self.report.scheduled = await fire_due_schedules(self._database, self._budget, self._clock)

    async def drain(self) -> None:
        """Drain all lanes, again and again while one of them finds work: jobs may have enqueued jobs."""
        budget = self._drain_budget()
        while await self._drain_lanes(budget) or await self._refuse_unknown(budget):
            pass

    async def _drain_lanes(self, budget: TimeBudget) -> int:
        """Drain every lane to its end, then raise what the first of them raised. Returns how many jobs ran."""
        results = await asyncio.gather(*(lane.drain() for lane in self._lanes(budget)), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return sum(result for result in results if isinstance(result, int))

    async def _refuse_unknown(self, budget: TimeBudget) -> int:
        """End the jobs that no lane can run, which would wait for ever. Returns how many jobs were leased.

        The queue knows more types than the worker when code is older than the migrations, or a type was removed.
        Asked when the lanes are drained; what became due for them meanwhile is released to them.
        """
        if not self._all_fit(budget):
            return 0
        jobs = await self._settler.settle_and_claim([], self._worker.concurrency, None, self._longest_lease_s())
        await self._settler.settle(
            [release(job) if job.job_type in self._worker.types else refuse(job) for job in jobs]
        )
        return len(jobs)

    def _all_fit(self, budget: TimeBudget) -> bool:
        now = self._clock()
        return all(budget.fits(job_type.policy.timeout_s, now) for job_type in self._worker.types.values())

    def _longest_lease_s(self) -> int:
        return max((job_type.policy.lease_s for job_type in self._worker.types.values()), default=DEFAULT_LEASE_S)

    def _lanes(self, budget: TimeBudget) -> list[Lane]:
        """One lane for all single types, and one for each batch type, so that neither holds back the other."""
        types = self._worker.types.values()
        single = [job_type for job_type in types if not job_type.is_batch]
        groups: list[tuple[Sequence[JobType], int]] = [(single, self._worker.concurrency)] if single else []
        groups += [([job_type], 1) for job_type in types if job_type.is_batch]
        return [
            Lane(group, slots, budget=budget, settler=self._settler, runner=self._runner, clock=self._clock)
            for group, slots in groups
        ]

    def _drain_budget(self) -> TimeBudget:
        """Without the part that isolated jobs, if any wait, have for themselves at the end.

        Every other run keeps back the least only: jobs that kill one run after the other would otherwise leave no time
        in which ordinary ones fit.
        """
        if not self._isolated_types:
            return self._budget
        longest = max(job_type.policy.timeout_s for job_type in self._isolated_types)
        enough = longest if self._run_id % 2 else 0.0
        return self._budget.keeping_back(max(ISOLATED_RESERVE_S, enough))

    async def run_isolated(self) -> None:
        """Run the isolated jobs one after another, with nothing else in flight."""
        while fitting := self._fitting_types():
            # Of any type, while all fit: one that has no handler must end too.
            types = None if len(fitting) == len(self._worker.types) else fitting
            lease_s, timeout_s = self._longest_lease_s(), self._call_timeout_s()
            rows = await self._database.claim_isolated_job(
                self.report.worker_id, types, lease_s=lease_s, timeout_s=timeout_s
            )
            if not rows:
                return
            job = Job.model_validate(rows[0])
            self.report.add_claimed([job])
            await self._settler.settle(await self._run_alone(job))

    def _fitting_types(self) -> list[str]:
        now = self._clock()
        return [
            name for name, job_type in self._worker.types.items() if self._budget.fits(job_type.policy.timeout_s, now)
        ]

    async def _run_alone(self, job: Job) -> list[Settlement]:
        job_type = self._worker.types.get(job.job_type)
        if job_type is None:
            return [refuse(job)]
        if not self._budget.fits(job_type.policy.timeout_s, self._clock()):
            return [release(job)]
        return await self._runner.run(job_type, [job])

    async def use_what_is_left(self) -> None:
        """Drain again, with the time that was kept back for isolated jobs and that they did not need."""
        if self._isolated_types:
            self._isolated_types = []
            await self.drain()

    async def conclude(self) -> None:
        """Say why it stopped. Types that no longer fit were not claimed at the end: whether any job is left, only the
        database knows; without its answer it is the budget."""
        if self._all_fit(self._budget):
            return
        self.report.stop_reason = "budget"
        try:
            health = await self._database.queue_health(self._call_timeout_s())
        except DatabaseError as error:
            log_event("run.queue_unseen", worker_id=self.report.worker_id, reason=str(error))
        else:
            if health["oldest_due_seconds"] is None:
                self.report.stop_reason = "empty"

    async def close(self) -> None:
        """Record how this run ended. Its jobs are settled already: failing to note it loses no job."""
        self.report.duration_ms = round((self._clock() - self._started) * 1000)
        log_event(
            "run.finished",
            worker_id=self.report.worker_id,
            stop_reason=self.report.stop_reason,
            duration_ms=self.report.duration_ms,
            counts=self.report.counts(),
        )
        try:
            await self._database.finish_worker_run(
                self._run_id, self.report.stop_reason, self.report.counts(), self._call_timeout_s()
            )
        except DatabaseError as error:
            log_event("run.not_recorded", worker_id=self.report.worker_id, reason=str(error))
