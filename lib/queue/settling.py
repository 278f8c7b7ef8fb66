"""Telling the database how attempts ended, until it has answered.

A failed settle call is tried again and never becomes a failed job: the token makes repeating safe. Jobs whose
settlement cannot be delivered keep their lease until it expires, and then run again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lib.database import Database, Row
from lib.errors import DatabaseRejected, DatabaseTimeout, DatabaseUnavailable, InvalidInput
from lib.logs import log_event
from lib.queue.budget import TimeBudget
from lib.queue.job import Job
from lib.queue.outcome import Settlement
from lib.queue.report import RunReport

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
# The least time in which a call is worth starting.
LEAST_CALL_S = 0.05


@dataclass(frozen=True, slots=True)
class Settler:
    """Settles, and claims in the same call, on behalf of one run."""

    database: Database
    report: RunReport
    budget: TimeBudget
    clock: Callable[[], float]

    async def settle_and_claim(
        self, settlements: Sequence[Settlement], max_jobs: int, job_types: Sequence[str] | None, lease_s: int
    ) -> list[Job]:
        """Settle and lease the next jobs, of all types unless said, in one call.

        A call that fails is tried again: with settlements these alone, and no jobs are leased then.

        Raises:
            DatabaseUnavailable, DatabaseTimeout: no answer to the second try either, or the claim was refused.
        """
        try:
            try:
                reply = await self._call(settlements, max_jobs, job_types, lease_s)
            except (DatabaseUnavailable, DatabaseTimeout):
                if settlements:
                    await self.settle(settlements)
                    return []
                reply = await self._call([], max_jobs, job_types, lease_s)
        except (InvalidInput, DatabaseRejected) as error:
            if settlements:
                await self._settle_one_by_one(settlements)
                return []
            raise DatabaseUnavailable("settle_and_claim", f"the claim was refused: {error}") from error
        self._record(settlements, reply["settled"])
        jobs = [Job.model_validate(row) for row in reply["claimed"]]
        self.report.add_claimed(jobs)
        return jobs

    async def _call(
        self, settlements: Sequence[Settlement], max_jobs: int, job_types: Sequence[str] | None, lease_s: int
    ) -> Row:
        rows = [settlement.to_row() for settlement in settlements]
        timeout_s = self.budget.call_timeout_s(self.clock())
        return await self.database.settle_and_claim(
            self.report.worker_id, rows, max_jobs, job_types, lease_s=lease_s, timeout_s=timeout_s
        )

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Settle, trying again while there is time.

        Raises:
            DatabaseUnavailable, DatabaseTimeout: there was no time left; the jobs will be rescued.
        """
        if not settlements:
            return
        rows = [settlement.to_row() for settlement in settlements]
        pause = FIRST_PAUSE_S
        while True:
            timeout_s = self.budget.call_timeout_s(self.clock())
            try:
                answers = await self.database.settle_jobs(self.report.worker_id, rows, timeout_s)
            except (DatabaseUnavailable, DatabaseTimeout) as error:
                log_event("settle.failed", level=logging.WARNING, jobs=len(rows), reason=str(error))
                if self.budget.call_timeout_s(self.clock()) < pause + LEAST_CALL_S:
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
            except (InvalidInput, DatabaseRejected) as error:
                if len(settlements) > 1:
                    await self._settle_one_by_one(settlements)
                else:
                    job = settlements[0].job
                    log_event("settle.refused", level=logging.ERROR, job_id=str(job.id), reason=str(error))
                return
            else:
                self._record(settlements, answers)
                return

    async def _settle_one_by_one(self, settlements: Sequence[Settlement]) -> None:
        """A malformed outcome makes the database refuse the whole call: it must not take the others along. Its job
        keeps its lease, and the rescue says why it did not end."""
        for settlement in settlements:
            await self.settle([settlement])

    def _record(self, settlements: Sequence[Settlement], answers: Sequence[Row]) -> None:
        for settlement, answer in zip(settlements, answers, strict=True):
            stale = answer["answer"] == "stale"
            self.report.add_settled(settlement, stale=stale)
            log_event(
                "job.stale" if stale else "job.settled",
                level=logging.WARNING if stale else logging.INFO,
                job_id=str(settlement.job.id),
                job_type=settlement.job.job_type,
                attempt=settlement.job.attempts,
                outcome=settlement.fate,
            )
