"""Claiming jobs, and telling the database how their attempts ended until it has answered.

A failed settle call is tried again and never becomes a failed job: the token makes repeating safe. Jobs whose
settlement cannot be delivered keep their lease until it expires, and then run again.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from lib.errors import (
    DatabaseRejected,
    DatabaseTimeout,
    DatabaseUnavailable,
    InvalidInput,
    UnreadableAnswer,
)
from lib.logs import log_event
from lib.queue.deadline import Deadline
from lib.queue.job import Job
from lib.queue.report import RunReport
from lib.queue.settlement import Settlement
from lib.queue.store import Settled, Store

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
# The least time in which a call is worth starting.
LEAST_CALL_S = 0.05

# The call may have had no effect: it is worth another try.
_TRY_AGAIN = (DatabaseUnavailable, DatabaseTimeout, UnreadableAnswer)
# The database will refuse this very call each time.
_REFUSED = (InvalidInput, DatabaseRejected)


@dataclass(frozen=True, slots=True)
class Settler:
    """Claims and settles on behalf of one run, and counts both in its report."""

    store: Store
    report: RunReport
    deadline: Deadline

    async def settle_and_claim(
        self, settlements: Sequence[Settlement], max_jobs: int, job_types: Sequence[str], lease_s: int
    ) -> list[Job]:
        """Settle, and lease the next jobs of these types, in one call.

        A call that fails is repeated once under the same claim id: if the first one leased jobs, these come back. After
        that the settlements are settled without claiming.

        Raises:
            DatabaseUnavailable, DatabaseTimeout: the second try got no answer either, or the claim was refused.
        """
        claim_id = uuid4()
        try:
            try:
                reply = await self.store.settle_and_claim(settlements, max_jobs, job_types, lease_s, claim_id)
            except _TRY_AGAIN:
                reply = await self.store.settle_and_claim(settlements, max_jobs, job_types, lease_s, claim_id)
        except (DatabaseUnavailable, DatabaseTimeout):
            if not settlements:
                raise
            await self.settle(settlements)
            return []
        except (*_REFUSED, UnreadableAnswer) as error:
            if settlements:
                await self._settle_one_by_one(settlements)
                return []
            raise DatabaseUnavailable("settle_and_claim", f"the claim was refused: {error}") from error
        self._record(settlements, reply.settled)
        self.report.add_claimed(reply.claimed)
        return list(reply.claimed)

    async def claim_isolated_job(self, job_types: Sequence[str], lease_s: int) -> Job | None:
        """Lease one job that must run alone.

        Raises:
            DatabaseError: the claim was refused or not answered.
        """
        job = await self.store.claim_isolated_job(job_types, lease_s)
        if job is not None:
            self.report.add_claimed([job])
        return job

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Settle, trying again while there is time.

        Raises:
            DatabaseUnavailable, DatabaseTimeout, UnreadableAnswer: no time was left; the jobs will be rescued.
        """
        if not settlements:
            return
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                self._record(settlements, await self.store.settle_jobs(settlements))
                return
            except _TRY_AGAIN as error:
                log_event("settle.failed", level=logging.WARNING, jobs=len(settlements), reason=str(error))
                if self.deadline.call_time_left_s() < pause_s + LEAST_CALL_S:
                    raise
            except _REFUSED as error:
                await self._settle_refused(settlements, error)
                return
            # Jitter: the workers that an outage stopped do not all come back at the same moment.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _settle_refused(self, settlements: Sequence[Settlement], error: Exception) -> None:
        """Keep one malformed outcome, for which the database refuses the whole call, from taking others along.

        Its own job keeps its lease, and the rescue says why it did not end.
        """
        if len(settlements) > 1:
            await self._settle_one_by_one(settlements)
        else:
            log_event("settle.refused", level=logging.ERROR, job_id=str(settlements[0].job.id), reason=str(error))

    async def _settle_one_by_one(self, settlements: Sequence[Settlement]) -> None:
        for settlement in settlements:
            await self.settle([settlement])

    def _record(self, settlements: Sequence[Settlement], answers: Sequence[Settled]) -> None:
        for settlement, settled in zip(settlements, answers, strict=True):
            stale = settled.answer == "stale"
            self.report.add_settled(settlement, stale=stale)
            log_event(
                "job.stale" if stale else "job.settled",
                level=logging.WARNING if stale else logging.INFO,
                job_id=str(settlement.job.id),
                job_type=settlement.job.job_type,
                attempt=settlement.job.attempts,
                outcome=settlement.ending,
            )
