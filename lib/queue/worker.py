"""The worker: one invocation, from the first call to the report. Read `Worker.run` for its life.

It drains until nothing due is left or the time budget ends.
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lib.errors import DatabaseError
from lib.logs import log_event
from lib.queue.attempt import Attempts
from lib.queue.deadline import Deadline, never
from lib.queue.drain import Lane, drain_all, fitting_types
from lib.queue.follow_ups import FINISH_S, FollowUps
from lib.queue.handover import Colleagues, Successor
from lib.queue.isolation import reserve_s, run_isolated
from lib.queue.registry import JobType, registered
from lib.queue.report import RunReport
from lib.queue.schedules import fire_due_schedules
from lib.queue.settle import Settler
from lib.queue.store import Store
from lib.resources import Resources
from lib.version import VERSION

# WORKER_MAX_RUNS holds for the runs that other runs start. The cron's and a person's always work: lost runs could
# otherwise lock the queue up.
type Trigger = Literal["cron", "manual"] | Successor

MAX_RESCUED_PER_CALL = 500


@dataclass(slots=True)
class Worker:
    """One invocation. `deadline_in_s` is the time until the platform's kill, None if unknown.

    `started_by`: the run that called this one, None for the cron's and a person's.
    `should_stop`: asked before each start of a job; a run that should stop lets what runs end, and settles it.
    """

    resources: Resources
    trigger: Trigger
    deadline_in_s: float | None = None
    types: Mapping[str, JobType] = field(default_factory=lambda: registered)
    clock: Callable[[], float] = time.monotonic
    started_by: int | None = None
    should_stop: Callable[[], bool] = never

    async def run(self) -> RunReport:
        """Run one invocation.

        Raises:
            DatabaseError: Supabase does not answer. Leased jobs keep their lease, and a later run rescues them.
        """
        run = _Run(self)
        if not await run.open():
            return run.report
        try:
            await run.rescue()
            await run.fire_schedules()
            async with run.colleagues.waking_siblings(run.work_is_due):
                await run.drain()
            await run.run_isolated()
            await run.drain_again()
            await run.conclude()
        except BaseException:
            run.report.stop_reason = "error"
            raise
        finally:
            await run.close()
        await run.colleagues.hand_over()
        return run.report


class _Run:
    """The steps of one invocation and what they share."""

    def __init__(self, worker: Worker) -> None:
        self._settings = settings = worker.resources.settings
        self._trigger = worker.trigger
        self._was_started_by_a_run = worker.trigger not in ("cron", "manual")
        self._started_by = worker.started_by
        self._types = worker.types
        self._concurrency = settings.worker_concurrency
        self._started = worker.clock()
        self._deadline = Deadline.start(
            worker.clock, settings.worker_budget_ms, worker.deadline_in_s, worker.should_stop
        )
        self.report = RunReport(worker_id=f"w-{secrets.token_hex(8)}", budget_ms=settings.worker_budget_ms)
        self._resources = worker.resources.within(self._deadline.call_time_left_s).counting(self.report.storage)
        self._store = Store(self._resources.database, self.report.worker_id)
        self._settler = Settler(self._store, self.report, self._deadline)
        self._follow_ups = FollowUps(self._resources)
        self._attempts = Attempts(self._resources, self._deadline, self._follow_ups)
        self._run_id = 0
        self._isolated_types: list[JobType] = []

    async def open(self) -> bool:
        """Record that this run started, and learn whether it may work and which isolated jobs wait."""
        max_runs = self._settings.worker_max_runs if self._was_started_by_a_run else None
        started = await self._store.start_worker_run(
            self._trigger, self.report.budget_ms, list(self._types), self._started_by, max_runs
        )
        self._run_id = started.run_id
        self.colleagues = Colleagues(self._settings, started, self.report, self._deadline.call_time_left_s)
        if not started.may_run:
            self.report.stop_reason = "limit"
            self._measure()
            log_event(
                "run.refused", worker_id=self.report.worker_id, trigger=self._trigger, others=started.runs_under_way
            )
            return False
        if started.unknown_types:
            # Deployed before its migration. A claim that names such a type would be refused, and all others stop.
            self._types = {name: each for name, each in self._types.items() if name not in started.unknown_types}
            log_event("run.types_unknown_to_the_database", level=logging.ERROR, job_types=started.unknown_types)
        if not self._was_started_by_a_run:
            self._isolated_types = [self._types[name] for name in started.isolated_types if name in self._types]
        log_event("run.started", worker_id=self.report.worker_id, trigger=self._trigger, version=VERSION)
        budget_s = self.report.budget_ms / 1000
        never = [name for name, job_type in self._types.items() if job_type.policy.timeout_s > budget_s]
        if never:
            log_event("run.budget_too_small", level=logging.ERROR, budget_ms=self.report.budget_ms, never_run=never)
        return True

    async def rescue(self) -> None:
        """Take back what a killed run held."""
        while self._deadline.remaining_s():
            rescued = await self._store.rescue_expired_jobs(MAX_RESCUED_PER_CALL)
            self.report.rescued += rescued.requeued + rescued.dead
            self.report.rescued_dead += rescued.dead
            if rescued.requeued + rescued.dead < MAX_RESCUED_PER_CALL:
                return

    async def fire_schedules(self) -> None:
        """Enqueue the recurring jobs that are due."""
        self.report.scheduled = await fire_due_schedules(self._store, self._deadline)

    async def drain(self) -> None:
        """Drain all lanes, again and again while one of them finds work: jobs may have enqueued jobs."""
        deadline = self._deadline.keeping_back(reserve_s(self._run_id, self._isolated_types))
        while await drain_all(self._lanes(deadline)):
            pass

    def _lanes(self, deadline: Deadline) -> list[Lane]:
        """One lane for all single types, and one for each batch type, so that neither holds back the other."""
        single = [job_type for job_type in self._types.values() if not job_type.is_batch]
        groups = [(single, self._concurrency)] if single else []
        groups += [([job_type], 1) for job_type in self._types.values() if job_type.is_batch]
        attempts = Attempts(self._resources, deadline, self._follow_ups)
        return [Lane(types, slots, self._settler, attempts, deadline) for types, slots in groups]

    async def run_isolated(self) -> None:
        """Run the isolated jobs one after another, with nothing else in flight.

        Not in runs that others started: these overlap, perhaps in one process, and a job that kills it would take along
        an innocent one that runs alone elsewhere.
        """
        if not self._was_started_by_a_run:
            await run_isolated(self._types, self._settler, self._attempts, self._deadline)

    async def drain_again(self) -> None:
        """Use the time that was kept back for isolated jobs and that they did not need."""
        if self._isolated_types:
            self._isolated_types = []
            await self.drain()

    async def conclude(self) -> None:
        """Say why it stopped. When some type no longer fitted, only the database knows whether a job is left."""
        if len(fitting_types(self._types.values(), self._deadline)) == len(self._types):
            return
        self.report.stop_reason = "budget"
        if not await self.work_is_due():
            self.report.stop_reason = "empty"

    async def work_is_due(self) -> bool:
        """Whether a job is due; assumed when the database does not answer."""
        try:
            return (await self._store.queue_health()).oldest_due_seconds is not None
        except DatabaseError as error:
            log_event("run.queue_unseen", worker_id=self.report.worker_id, reason=str(error))
            return True

    async def close(self) -> None:
        """Record how this run ended. Its jobs are settled already: failing to note it loses no job."""
        # A run that leaves work behind ends at once: others wait for it to hand over.
        has_time = self.report.stop_reason == "empty"
        await self._follow_ups.finish(min(FINISH_S, self._deadline.call_time_left_s()) if has_time else 0)
        self.report.follow_ups_failed = self._follow_ups.failed
        self._measure()
        report = self.report
        counts = report.counts() | report.storage.counts()
        log_event(
            "run.finished",
            worker_id=report.worker_id,
            version=VERSION,
            stop_reason=report.stop_reason,
            duration_ms=report.duration_ms,
            counts=counts,
        )
        try:
            await self._store.finish_worker_run(self._run_id, report.stop_reason, counts)
        except DatabaseError as error:
            log_event("run.not_recorded", worker_id=report.worker_id, reason=str(error))

    def _measure(self) -> None:
        self.report.duration_ms = round((self._deadline.clock() - self._started) * 1000)
