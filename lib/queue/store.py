"""The queue's database functions, as the worker calls them. Each method has the name of its SQL function."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import TypeAdapter

from lib.database import NOTHING, Database
from lib.model import Row
from lib.queue.job import Claimed, Job
from lib.queue.settlement import Settlement
from lib.tracing import tracing

type Answer = Literal["settled", "already", "stale"]

_CLAIMED: TypeAdapter[list[Job]] = TypeAdapter(list[Claimed])
_JOB_ID: TypeAdapter[UUID | None] = TypeAdapter(UUID | None)


class Settled(Row):
    """What the database did with one settlement: applied it, had applied it before, or refused it as stale."""

    id: UUID
    answer: Answer


class SettledAndClaimed(Row):
    """The answers, in the order of the settlements, and the jobs that were leased."""

    settled: tuple[Settled, ...]
    claimed: tuple[Claimed, ...]


class Rescued(Row):
    """How many expired leases became pending again, and how many jobs are dead."""

    requeued: int
    dead: int


class RunStarted(Row):
    """The run's number in the ledger, and what it must know.

    may_run: False when WORKER_MAX_RUNS others are under way. hops: how many runs lie between this one and the tick or
    the person that began the chain. runs_under_way: others. isolated_types: of the isolated jobs that are due.
    unknown_types: those that the worker has handlers for and the database does not know yet.
    """

    run_id: int
    may_run: bool
    hops: int
    runs_under_way: int
    isolated_types: tuple[str, ...]
    unknown_types: tuple[str, ...]


class DueSchedule(Row):
    """A schedule to fire: its slot is next_run_at, None when it is to be planned first. now: the database's time."""

    name: str
    cron_expression: str
    timezone: str
    next_run_at: datetime | None
    now: datetime


class Backlog(Row):
    """What queue_health says of due jobs: for how long the oldest one has been due, None when not one is."""

    oldest_due_seconds: int | None


@dataclass(frozen=True, slots=True)
class Store:
    """For one worker. `database` ends its calls before the worker's deadline."""

    database: Database
    worker_id: str

    async def settle_and_claim(
        self,
        settlements: Sequence[Settlement],
        max_jobs: int,
        job_types: Sequence[str],
        lease_s: int,
        claim_id: UUID,
    ) -> SettledAndClaimed:
        """Settle, and lease the next jobs of these types, in one transaction.

        claim_id: safe to repeat under the same one, which returns the jobs that it leased before.
        """
        with tracing().exchanging(self.worker_id, _jobs(settlements)) as exchange:
            reply = await self.database.rpc(
                "settle_and_claim",
                SettledAndClaimed,
                worker_id=self.worker_id,
                outcomes=_outcomes(settlements),
                max_jobs=max_jobs,
                job_types=job_types,
                lease_seconds=lease_s,
                claim_id=claim_id,
            )
            exchange.received(reply.claimed)
        return reply

    async def settle_jobs(self, settlements: Sequence[Settlement]) -> list[Settled]:
        """Settle. Safe to repeat."""
        with tracing().exchanging(self.worker_id, _jobs(settlements)):
            return await self.database.rpc(
                "settle_jobs", list[Settled], worker_id=self.worker_id, outcomes=_outcomes(settlements)
            )

    async def claim_isolated_job(self, job_types: Sequence[str], lease_s: int) -> Job | None:
        """Lease one job of these types that must run alone, if one is due."""
        with tracing().exchanging(self.worker_id) as exchange:
            jobs = await self.database.rpc(
                "claim_isolated_job", _CLAIMED, worker_id=self.worker_id, job_types=job_types, lease_seconds=lease_s
            )
            exchange.received(jobs)
        return jobs[0] if jobs else None

    async def rescue_expired_jobs(self, max_jobs: int) -> Rescued:
        """Take back jobs whose lease ran out."""
        (rescued,) = await self.database.rpc("rescue_expired_jobs", list[Rescued], max_jobs=max_jobs)
        return rescued

    async def start_worker_run(
        self, trigger: str, budget_ms: int, known_types: Sequence[str], started_by: int | None, max_runs: int | None
    ) -> RunStarted:
        """Record that this worker's run starts, and learn whether it may work.

        known_types: the types that it has handlers for. started_by: the run that called this one. max_runs: how many
            may be under way at a time; None is no limit.
        """
        return await self.database.rpc(
            "start_worker_run",
            RunStarted,
            worker_id=self.worker_id,
            trigger=trigger,
            budget_ms=budget_ms,
            known_types=known_types,
            started_by=started_by,
            max_runs=max_runs,
        )

    async def finish_worker_run(self, run_id: int, stop_reason: str, counts: dict[str, int]) -> bool:
        """Record how the run ended. False when that was recorded before."""
        return await self.database.rpc("finish_worker_run", bool, run_id=run_id, stop_reason=stop_reason, counts=counts)

    async def queue_health(self) -> Backlog:
        """Say whether jobs are due."""
        return await self.database.rpc("queue_health", Backlog)

    async def due_schedules(self) -> list[DueSchedule]:
        """Return the schedules that are due or not planned yet."""
        return await self.database.rpc("due_schedules", list[DueSchedule])

    async def fire_schedule(self, name: str, slot: datetime | None, next_run: datetime) -> UUID | None:
        """Enqueue a schedule's slot, once. Return the job's id, None when another run was first."""
        return await self.database.rpc("fire_schedule", _JOB_ID, name=name, slot=slot, next_run=next_run)

    async def fail_schedule(self, name: str, error: str) -> None:
        """Keep why a schedule cannot be planned."""
        await self.database.rpc("fail_schedule", NOTHING, name=name, error=error)


def _jobs(settlements: Sequence[Settlement]) -> list[Job]:
    return [settlement.job for settlement in settlements]


def _outcomes(settlements: Sequence[Settlement]) -> list[dict[str, Any]]:
    return [settlement.to_outcome() for settlement in settlements]
