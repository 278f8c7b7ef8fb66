"""Draining: claim -> run -> settle, until nothing due is left or nothing fits into the time any more.

A lane is some job types with slots of their own. Each round settles what has ended and leases the next jobs in one
call, so a slow job holds back neither the settling of the others nor their slots. A kill takes along what a lane holds:
at most slots times batch jobs.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from lib.errors import DatabaseError
from lib.logs import log_event
from lib.queue.attempt import Attempts
from lib.queue.deadline import Deadline
from lib.queue.job import Job
from lib.queue.registry import JobType
from lib.queue.settle import Settler
from lib.queue.settlement import Settlement, release

# While slots are free and others are busy, look this often for jobs that became due.
POLL_S = 0.5


class Lane:
    """Drains `types`, running up to `slots` handler calls at a time."""

    def __init__(
        self, types: Iterable[JobType], slots: int, settler: Settler, attempts: Attempts, deadline: Deadline
    ) -> None:
        self._types = {job_type.name: job_type for job_type in types}
        self._slots = slots
        self._lease_s = longest_lease_s(self._types.values())
        self._batch = max(job_type.batch for job_type in self._types.values())
        self._settler = settler
        self._attempts = attempts
        self._deadline = deadline
        self._running: set[asyncio.Task[list[Settlement]]] = set()
        self._ended: list[Settlement] = []

    async def drain(self) -> int:
        """Work until all that started is settled and nothing more can start. Return how many jobs were leased.

        Raises:
            DatabaseError: the database is down; what ran was settled if it could be.
        """
        leased = 0
        try:
            while True:
                jobs = await self._settle_and_claim()
                leased += len(jobs)
                self._start(jobs)
                if not self._running and not self._ended:
                    return leased
                await self._collect()
        except DatabaseError:
            await self._settle_the_rest()
            raise

    async def _settle_and_claim(self) -> list[Job]:
        """Settle what has ended, and lease what fits into the free slots."""
        fitting = fitting_types(self._types.values(), self._deadline)
        room = (self._slots - len(self._running)) * self._batch if fitting else 0
        settlements, self._ended = self._ended, []
        if not room and not settlements:
            return []
        names = [job_type.name for job_type in fitting]
        return await self._settler.settle_and_claim(settlements, room, names, self._lease_s)

    def _start(self, jobs: Sequence[Job]) -> None:
        """Start what still fits, in calls of up to the type's batch; release the rest."""
        by_type: dict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            by_type[job.job_type].append(job)
        for name, group in by_type.items():
            job_type = self._types[name]
            if not fitting_types([job_type], self._deadline):
                self._ended += [release(job) for job in group]
                continue
            for first in range(0, len(group), job_type.batch):
                part = group[first : first + job_type.batch]
                self._running.add(asyncio.ensure_future(self._attempts.run(job_type, part)))
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
        """Let what runs end, and try to settle it in the time that is left."""
        while self._running:
            await self._collect()
        settlements, self._ended = self._ended, []
        await self._settler.settle(settlements)


async def drain_all(lanes: Sequence[Lane]) -> int:
    """Drain lanes side by side, each to its end. Return how many jobs were leased.

    Raises:
        DatabaseError: what the first of them raised, after all have ended.
    """
    results = await asyncio.gather(*(lane.drain() for lane in lanes), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return sum(result for result in results if isinstance(result, int))


def fitting_types(types: Iterable[JobType], deadline: Deadline) -> list[JobType]:
    """Return the types whose jobs would end in time."""
    return [job_type for job_type in types if deadline.fits(job_type.policy.timeout_s)]


def longest_lease_s(types: Iterable[JobType]) -> int:
    """Return the lease for a claim of these types: the longest of theirs."""
    return max(job_type.policy.lease_s for job_type in types)
