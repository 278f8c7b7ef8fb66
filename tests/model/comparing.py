"""The half of the state machine that compares: answers and rows of the real queue with those of the reference."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis.stateful import RuleBasedStateMachine

from tests.model.queue_calls import QueueCalls, Row
from tests.model.reference import Ask, Job, Reference, Within, known

# The columns that the reference predicts.
ALIKE = ("job_type", "payload", "priority", "attempts", "max_attempts", "error_message", "idempotency_key")
ALIKE_TOO = ("claim_token", "worker_id", "redrive_of", "status")
ACTIVE_ONLY = ("settled_token", "isolated", "deferrals")
ENDED_ONLY = ("result", "redriven_as")


class Comparing(RuleBasedStateMachine):
    """The queue, the reference, and what was last seen. Steps are in the subclass."""

    queue: QueueCalls
    steps = 0  # of all examples, for the report

    def __init__(self) -> None:
        super().__init__()
        self.model = Reference()
        self.queue.empty()
        self.now = self.queue.look().now
        self.seen = self.queue.look()
        self.repeat: list[Ask] = []

    @contextmanager
    def step(self) -> Iterator[list[Callable[[], None]]]:
        """Make one call; then do what it means to the reference, and compare everything.

        What is appended runs when the call has ended: `self.seen` is from after it, `self.now` from before it.
        """
        expected: list[Callable[[], None]] = []
        yield expected
        self.seen = self.queue.look()
        for check in expected:
            check()
        self.compare()

    def moments[T](self, answer: Callable[[datetime], T]) -> list[T]:
        """What the reference answers at each moment while the call ran that could make a difference."""
        latest = self.seen.now if self.seen.now > self.now else self.now + timedelta(seconds=30)
        times = [job.scheduled_for for job in self.model.jobs.values() if job.is_active]
        times += [job.lease_expires_at + timedelta(microseconds=1) for job in self._leased()]
        times += [
            known(job.completed_at) + timedelta(seconds=window) for job in self._completed() for window in (60, 86400)
        ]
        moments = [time for time in times if isinstance(time, datetime) and self.now < time <= latest]
        return [answer(moment) for moment in [self.now, *moments]]

    def _leased(self) -> list[Any]:
        return self.model.where(lambda job: isinstance(job.lease_expires_at, datetime))

    def _completed(self) -> list[Job]:
        return self.model.where(lambda job: job.status == "completed" and isinstance(job.completed_at, datetime))

    def take_over_waits(self) -> None:
        """Between the halves of settle_and_claim: the waits that the first half chose."""
        for job in self.model.where(lambda job: job.is_active and isinstance(job.scheduled_for, Within)):
            row = self.seen.active[job.id]
            job.scheduled_for = self._took_over(job, "scheduled_for", job.scheduled_for, row["scheduled_for"])

    def compare(self) -> None:
        """Every row of both tables against the reference; takes over the times that the database chose."""
        seen = self.seen
        type(self).steps += 1
        assert not seen.active.keys() & seen.ended.keys(), "a job is in both tables"
        assert seen.active.keys() | seen.ended.keys() == self.model.jobs.keys(), "a job is lost, or from nowhere"
        same("paused_job_types", seen.paused, self.model.paused)
        for job in self.model.jobs.values():
            where = seen.active if job.is_active else seen.ended
            assert job.id in where, f"{job} is in the wrong table"
            self._compare_one(job, where[job.id])
        self.now = seen.now

    def _compare_one(self, job: Job, row: Row) -> None:
        columns = (*ALIKE, *ALIKE_TOO, *(ACTIVE_ONLY if job.is_active else ENDED_ONLY))
        differ = {name: (row[name], getattr(job, name)) for name in columns if row[name] != getattr(job, name)}
        assert not differ, f"{job} differs, (database, reference): {differ}"
        assert row["attempts"] <= row["max_attempts"]
        if job.is_active:
            job.scheduled_for = self._took_over(job, "scheduled_for", job.scheduled_for, row["scheduled_for"])
            lease = job.lease_expires_at
            job.lease_expires_at = self._took_over(job, "lease_expires_at", lease, row["lease_expires_at"])
        else:
            job.completed_at = self._took_over(job, "completed_at", job.completed_at, row["completed_at"])
            if isinstance(job.scheduled_for, Within):
                job.scheduled_for = self.now  # it ended in the step in which it was to wait: no column has it

    def _took_over(self, job: Job, name: str, expected: Any, actual: Any) -> Any:
        if isinstance(expected, Within):
            low, high = self.now + timedelta(seconds=expected.low), self.seen.now + timedelta(seconds=expected.high)
            assert actual is not None, f"{job} has no {name}"
            assert low <= actual <= high, f"{name} of {job} is {actual}, expected {low} to {high}"
            return actual
        assert actual == expected, f"{name} of {job} is {actual}, expected {expected}"
        return actual

    def tell(self, ids: Sequence[UUID]) -> list[str]:
        """Jobs in words, for a failure."""
        return [
            f"{str(job_id)[-6:]} {self.model.jobs[job_id]}" if job_id in self.model.jobs else str(job_id)
            for job_id in ids
        ]


def expect(holds: bool, told: str) -> None:
    """Assert, where a linter would have a test assert otherwise."""
    assert holds, told


def same(what: str, actual: object, expected: object) -> None:
    """Assert that the queue answered as the reference does."""
    assert actual == expected, f"{what} answered {actual}, expected {expected}"
