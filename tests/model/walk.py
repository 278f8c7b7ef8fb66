"""One fixed walk through the state machine, past every clause of the contract that a mutant breaks: chance may take
long to come by, and `make test` has little time."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.model.machine import QueueMachine
from tests.model.reference import Ask, Job, NewJob
from tests.model.strategies import OTHER_POST, POST


class Walk:
    """Steps by name of job: a job's idempotency key is its name."""

    def __init__(self, machine: QueueMachine) -> None:
        self.machine = machine

    def job(self, name: str) -> Job:
        """The latest job of this name."""
        return self.machine.model.where(lambda job: job.idempotency_key == name)[-1]

    def add(self, *names: str, **options: Any) -> None:
        """Enqueue jobs of one kind."""
        for name in names:
            self.machine.enqueue(NewJob("process_image", POST, idempotency_key=name, **options))

    def claim(self, max_jobs: int = 6) -> None:
        """Lease a batch."""
        self.machine.claim_jobs(max_jobs, None, 30)

    def settle(self, name: str, outcome: str, *, token: int = -1, **options: Any) -> None:
        """Settle a job under its last token, or an earlier one."""
        job = self.job(name)
        self.machine.settle([Ask(job.id, job.tokens[token], outcome, **options)])

    def lose_leases(self) -> None:
        """Whoever holds jobs is gone."""
        self.machine.time_passes(45)
        self.machine.rescue(100)

    def index(self, name: str) -> int:
        """What `cancel` picks the job by."""
        return [job.id for job in self.machine.model.where(lambda job: True)].index(self.job(name).id)

    def ended(self, *names: str) -> Sequence[int]:
        """What `redrive` picks the jobs by."""
        ids: list[UUID] = [job.id for job in self.machine.model.where(lambda job: not job.is_active)]
        return [ids.index(self.job(name).id) for name in names]


def walk(machine: QueueMachine) -> None:
    """All of it. Raises AssertionError, or what the database raises, where the queue differs from the reference."""
    steps = Walk(machine)
    for part in (answers, attempts, isolation, claims, operators, keys):
        part(steps)


def answers(steps: Walk) -> None:
    """Settled once; already while it is remembered; stale under any other token."""
    steps.add("snoozed", "completed", "discarded", max_attempts=3)
    steps.claim()
    snoozed, completed = steps.job("snoozed"), steps.job("completed")
    steps.machine.settle([Ask(snoozed.id, completed.tokens[-1], "completed")])
    steps.machine.settle([Ask(snoozed.id, snoozed.tokens[-1], "snoozed")] * 2)
    steps.settle("snoozed", "snoozed")
    steps.settle("completed", "completed", result={"likes": 1})
    steps.settle("completed", "completed", result={"likes": 1})
    steps.settle("discarded", "discarded", error="boom")
    steps.machine.time_passes(4000)
    steps.claim()
    steps.settle("snoozed", "completed", token=0)
    steps.settle("snoozed", "released")
    steps.claim()
    steps.settle("snoozed", "completed")


def attempts(steps: Walk) -> None:
    """Counted at the claim, up to the last."""
    steps.add("failing", max_attempts=2)
    steps.add("refused", max_attempts=3)
    steps.claim()
    steps.settle("failing", "failed", error="boom")
    steps.settle("refused", "failed", retryable=False)
    steps.machine.time_passes(45)
    steps.claim()
    steps.settle("failing", "failed", error="boom")


def isolation(steps: Walk) -> None:
    """The first lost lease isolates, the others count, and a late settle is stale."""
    steps.add("poison", max_attempts=1)
    steps.claim()
    steps.machine.rescue(100)
    steps.lose_leases()
    steps.settle("poison", "completed")
    steps.machine.claim_isolated_job(None, 30)
    steps.machine.time_passes(4000)
    steps.claim()
    steps.machine.claim_isolated_job(None, 30)
    steps.settle("poison", "completed", token=0)
    steps.lose_leases()
    steps.settle("poison", "completed")


def claims(steps: Walk) -> None:
    """Due, not paused, by priority, and some of them the oldest."""
    steps.add("later", delay_s=3600)
    steps.add("old", priority=0, delay_s=-60)
    steps.add("urgent", "urgent too", "urgent as well", "urgent again", priority=3)
    steps.machine.pause_or_resume("process_image", paused=True)
    steps.claim()
    steps.machine.pause_or_resume("process_image", paused=False)
    steps.claim(4)
    steps.claim()


def operators(steps: Walk) -> None:
    """Cancel only what is pending and no sync; redrive each dead job once."""
    steps.machine.cancel(steps.index("urgent"), 1)
    steps.machine.enqueue(NewJob("sync_like_count", POST, idempotency_key="sync", delay_s=3600))
    steps.machine.cancel(steps.index("sync"), 1)
    steps.machine.cancel(steps.index("later"), 1)
    steps.machine.redrive(list(steps.ended("failing", "poison", "completed")), None)
    steps.machine.redrive(list(steps.ended("failing", "poison", "completed")), None)


def keys(steps: Walk) -> None:
    """Held by an active job and by a completed one, free after any other end."""
    steps.add("completed", "failing", "later", "urgent")
    steps.machine.enqueue(NewJob("process_image", OTHER_POST, idempotency_key="urgent"))
    steps.machine.enqueue(NewJob("process_image", OTHER_POST, idempotency_key="completed"))
    held = [NewJob("process_image", POST, idempotency_key=name) for name in ("refused", "completed", "urgent", "new")]
    steps.machine.enqueue_many(held)
    for name in ("completed", "urgent"):
        steps.machine.enqueue_many([NewJob("process_image", OTHER_POST, idempotency_key=name)])
    steps.machine.enqueue(NewJob("process_image", OTHER_POST, idempotency_key="completed", dedupe_seconds=0))
