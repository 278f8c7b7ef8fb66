"""A lane: some job types, drained with a number of slots of their own.

Each round settles what has ended and leases the next jobs in one call, so a slow job holds back neither the
settling of the others nor their slots. A kill takes along what a lane holds: at most slots times batch jobs.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from lib.errors import DatabaseTimeout, DatabaseUnavailable
from lib.logs import log_event
from lib.queue.budget import TimeBudget
from lib.queue.job import Job
from lib.queue.outcome import Settlement, release
from lib.queue.registry import JobType
from lib.queue.runner import Runner
from lib.queue.settling import Settler

# While slots are free and others are busy, look this often for jobs that became due.
POLL_S = 0.5


class Lane:
    """Drains `types`, running up to `slots` handler calls at a time."""

    def __init__(
        self,
        types: Sequence[JobType],
        slots: int,
        *,
        budget: TimeBudget,
        settler: Settler,
        runner: Runner,
        clock: Callable[[], float],
    ) -> None:
        self._types: Mapping[str, JobType] = {job_type.name: job_type for job_type in types}
        self._slots = slots
        self._lease_s = max(job_type.policy.lease_s for job_type in types)
        self._batch = max(job_type.batch for job_type in types)
        self._budget = budget
        self._settler = settler
        self._runner = runner
        self._clock = clock
        self._running: set[asyncio.Task[list[Settlement]]] = set()
        self._ended: list[Settlement] = []

    async def drain(self) -> int:
        """Work until nothing is due or nothing fits any more, and until all that started is settled.

        Returns how many jobs were leased.

        Raises:
            DatabaseUnavailable, DatabaseTimeout: the database is down; what ran was settled if it could be.
        """
        leased = 0
        try:
            while True:
                jobs = await self._next_round()
                leased += len(jobs)
                self._start(jobs)
                if not self._running and not self._ended:
                    return leased
                await self._collect()
        except (DatabaseUnavailable, DatabaseTimeout):
            await self._settle_the_rest()
            raise

    async def _next_round(self) -> list[Job]:
        """Settle what has ended and lease what fits into the free slots."""
        fitting = self._fitting()
        room = (self._slots - len(self._running)) * self._batch if fitting else 0
        settlements, self._ended = self._ended, []
        if not room and not settlements:
            return []
        return await self._settler.settle_and_claim(settlements, room, fitting, self._lease_s)

    def _fitting(self) -> list[str]:
        now = self._clock()
        return [name for name, job_type in self._types.items() if self._budget.fits(job_type.policy.timeout_s, now)]

    def _start(self, jobs: Sequence[Job]) -> None:
        """Start what still fits, in calls of up to the type's batch; release the rest."""
        by_type: dict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            by_type[job.job_type].append(job)
        for name, group in by_type.items():
            job_type = self._types[name]
            if not self._budget.fits(job_type.policy.timeout_s, self._clock()):
                self._ended += [release(job) for job in group]
                continue
            for first in range(0, len(group), job_type.batch):
                part = group[first : first + job_type.batch]
                self._running.add(asyncio.ensure_future(self._runner.run(job_type, part)))
        if jobs:
            log_event("jobs.claimed", jobs=len(jobs), types={name: len(group) for name, group in by_type.items()})

    async def _collect(self) -> None:
        """Wait until a call has ended, or until it is time to look for more."""
        if not self._running:
            return
        done, self._running = await asyncio.wait(self._running, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self._ended += task.result()

    async def _settle_the_rest(self) -> None:
        """The database is down: let what runs end, and try to settle it in the time that is left."""
        while self._running:
            await self._collect()
        settlements, self._ended = self._ended, []
        await self._settler.settle(settlements)
