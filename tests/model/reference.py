"""The queue as sections 2 and 3 of the contract describe it, in plain Python: what each call answers, and what it
makes of the jobs. It knows nothing of SQL.

The database's clock is the only one, so a time that the queue sets is expected as `Within`, seconds around the call,
and taken over from the row once it was found there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

ACTIVE = ("pending", "processing")
NO_ERROR = {"dead": "failed without a message", "discarded": "discarded without a reason"}
NO_ID = UUID(int=0)
UNCANCELLABLE = "sync_like_count"


@dataclass(frozen=True)
class Within:
    """A moment from `low` seconds after the call began to `high` seconds after it ended."""

    low: float = 0.0
    high: float = 0.0


type Moment = datetime | Within


@dataclass
class Job:
    """A job, active or ended. `tokens` are all that claims gave it, the last one last."""

    job_type: str
    payload: dict[str, Any]
    priority: int = 0
    max_attempts: int = 3
    idempotency_key: str | None = None
    scheduled_for: Moment = field(default_factory=Within)
    redrive_of: UUID | None = None
    id: UUID = NO_ID
    status: str = "pending"
    attempts: int = 0
    claim_token: UUID | None = None
    settled_token: UUID | None = None
    worker_id: str | None = None
    lease_expires_at: Moment | None = None
    isolated: bool = False
    deferrals: int = 0
    error_message: str | None = None
    result: Any = None
    completed_at: Moment | None = None
    redriven_as: UUID | None = None
    tokens: list[UUID] = field(default_factory=list)

    @property
    def is_active(self) -> bool:
        """Whether it is in background_jobs."""
        return self.status in ACTIVE

    def is_due(self, moment: datetime) -> bool:
        """Whether a claim may take it at that moment."""
        return self.status == "pending" and known(self.scheduled_for) <= moment


@dataclass(frozen=True)
class NewJob:
    """What a caller asks enqueue_job for. `broken` is the SQLSTATE with which the database refuses it."""

    job_type: str
    payload: dict[str, Any]
    priority: int = 0
    delay_s: int | None = None
    idempotency_key: str | None = None
    max_attempts: int = 3
    dedupe_seconds: int = 86400
    broken: str | None = None


@dataclass(frozen=True)
class Enqueued:
    """One element's expected answer; `job` has no id yet when it is created by this call."""

    job: Job
    created: bool
    status: str


@dataclass(frozen=True)
class Refused:
    """The expected error of a whole call, and the element that causes it."""

    position: int
    sqlstate: str


@dataclass(frozen=True)
class Ask:
    """One element of settle_jobs' outcomes."""

    id: UUID
    claim_token: UUID
    outcome: str
    result: Any = None
    error: str | None = None
    retryable: bool = True
    not_counted: bool = False
    retry_in_seconds: float | None = None


def known(moment: Moment | None) -> datetime:
    """A moment that was taken over from the database."""
    assert isinstance(moment, datetime)
    return moment


def backoff(attempts: int) -> Within:
    """The contract's wait before the next attempt, of which jitter takes up to a half."""
    longest = min(3600.0, 10.0 * 2.0 ** (attempts - 1))
    return Within(longest / 2, longest)


@dataclass
class Reference:
    """The model: every job that there ever was, the paused types, and how many single claims gave out a job."""

    jobs: dict[UUID, Job] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    single_claims: int = 0

    # -- what is there

    def where(self, condition: Callable[[Job], bool]) -> list[Job]:
        """The jobs for which the condition holds, in the order in which they came."""
        return [job for job in self.jobs.values() if condition(job)]

    def issued(self) -> list[tuple[UUID, UUID]]:
        """Every job with every token that it ever had."""
        return [(job.id, token) for job in self.where(lambda job: bool(job.tokens)) for token in job.tokens]

    # -- enqueue

    def enqueue(self, wanted: Sequence[NewJob], now: datetime) -> list[Enqueued] | Refused:
        """What enqueue_jobs answers. Nothing is changed: `add` does it, once the ids are known."""
        held: dict[str, Job] = {job.idempotency_key: job for job in self.where(_holds_a_key) if job.idempotency_key}
        answers: dict[int, Enqueued] = {}
        # Keys are taken in their order, so that two calls cannot wait for each other in a circle.
        order = sorted(range(len(wanted)), key=lambda at: (wanted[at].idempotency_key or "", at))
        for at in order:
            answer = self._enqueue_one(wanted[at], held, now)
            if isinstance(answer, str):
                return Refused(at, answer)
            answers[at] = answer
        return [answers[at] for at in range(len(wanted))]

    def _enqueue_one(self, new: NewJob, held: dict[str, Job], now: datetime) -> Enqueued | str:
        if new.broken:
            return new.broken
        holder = held.get(new.idempotency_key or "") or self._completed_lately(new, now)
        if holder is None:
            job = Job(new.job_type, new.payload, new.priority, new.max_attempts, new.idempotency_key)
            if new.delay_s is not None:
                job.scheduled_for = now + timedelta(seconds=new.delay_s)
            if new.idempotency_key:
                held[new.idempotency_key] = job
            return Enqueued(job, True, "pending")
        if (holder.job_type, holder.payload) != (new.job_type, new.payload):
            return "PT409"
        return Enqueued(holder, False, holder.status)

    def _completed_lately(self, new: NewJob, now: datetime) -> Job | None:
        since = now - timedelta(seconds=new.dedupe_seconds)
        completed = self.where(
            lambda job: (
                job.status == "completed"
                and job.idempotency_key is not None
                and job.idempotency_key == new.idempotency_key
                and known(job.completed_at) > since
            )
        )
        return max(completed, key=lambda job: known(job.completed_at), default=None)

    def add(self, enqueued: Iterable[Enqueued], ids: Iterable[UUID]) -> None:
        """Take over the ids that the database chose."""
        for answer, job_id in zip(enqueued, ids, strict=True):
            if answer.created:
                answer.job.id = job_id
                self.jobs[job_id] = answer.job

    # -- claim

    def _due(self, types: Sequence[str] | None, moment: datetime, *, isolated: bool) -> list[Job]:
        return self.where(
            lambda job: (
                job.is_due(moment)
                and job.isolated == isolated
                and job.job_type not in self.paused
                and (types is None or job.job_type in types)
            )
        )

    def claimed(self, max_jobs: int, types: Sequence[str] | None, moment: datetime) -> list[UUID]:
        """Whom claim_jobs takes at that moment, in the order in which it returns them."""
        due = self._due(types, moment, isolated=False)
        oldest = sorted(due, key=_age)
        if max_jobs == 1:
            every_fourth = (self.single_claims + 1) % 4 == 0
            return [job.id for job in (oldest if every_fourth else sorted(due, key=_rank))[:1]]
        first = oldest[: -(-max_jobs // 4)]
        rest = sorted((job for job in due if job not in first), key=_rank)
        return [job.id for job in sorted([*first, *rest][:max_jobs], key=_rank)]

    def claimed_alone(self, types: Sequence[str] | None, moment: datetime) -> list[UUID]:
        """Whom claim_isolated_job takes at that moment."""
        return [job.id for job in sorted(self._due(types, moment, isolated=True), key=_age)[:1]]

    def lease(self, job_id: UUID, token: UUID, worker_id: str, lease_seconds: int) -> None:
        """Pending to processing. The token must be a new one."""
        job = self.jobs[job_id]
        assert job.status == "pending", f"a claim returned {job_id}, which is {job.status}"
        assert all(token not in other.tokens for other in self.jobs.values()), "a token was given out twice"
        job.status, job.attempts = "processing", job.attempts + 1
        job.claim_token, job.worker_id = token, worker_id
        job.lease_expires_at = Within(lease_seconds, lease_seconds)
        job.tokens.append(token)

    # -- settle

    def settle(self, asks: Sequence[Ask]) -> list[str]:
        """The answers of settle_jobs; applies what is settled. Decided from the state before the call, as one
        statement does: what one element changes, no other element sees."""
        answers = [self._answer(ask, repeated=_pair(ask) in map(_pair, asks[:at])) for at, ask in enumerate(asks)]
        for ask, answer in zip(asks, answers, strict=True):
            if answer == "settled":
                self._apply(self.jobs[ask.id], ask)
        return answers

    def _answer(self, ask: Ask, *, repeated: bool) -> str:
        job = self.jobs.get(ask.id)
        if job is None:
            return "stale"
        if job.status == "processing" and job.claim_token == ask.claim_token:
            return "already" if repeated else "settled"
        remembered = job.settled_token if job.is_active else job.claim_token
        return "already" if remembered == ask.claim_token else "stale"

    def _apply(self, job: Job, ask: Ask) -> None:
        failed = ask.outcome == "failed" and not ask.not_counted
        used_up = not ask.retryable or job.attempts >= job.max_attempts
        if ask.outcome in ("completed", "discarded") or (failed and used_up):
            status = "dead" if failed else ask.outcome
            message = None if status == "completed" else ask.error or NO_ERROR[status]
            self._end(job, status, message, ask.claim_token)
            job.result = ask.result
            return
        wait = Within(ask.retry_in_seconds, ask.retry_in_seconds) if ask.retry_in_seconds is not None else None
        if ask.outcome == "snoozed":
            job.scheduled_for = wait or Within(10, 10)
        elif ask.outcome == "failed":
            job.scheduled_for = wait or backoff(job.deferrals + 1 if ask.not_counted else job.attempts)
        if ask.outcome != "failed" or ask.not_counted:
            job.attempts -= 1
        job.deferrals += ask.outcome == "snoozed" or ask.not_counted
        if ask.error is not None:
            job.error_message = ask.error
        job.settled_token = ask.claim_token
        self._back_to_pending(job)

    # -- rescue

    def expired(self, moment: datetime) -> list[Job]:
        """The jobs whose lease ran out before that moment, the longest ago first."""
        late = self.where(lambda job: job.status == "processing" and known(job.lease_expires_at) < moment)
        return sorted(late, key=lambda job: known(job.lease_expires_at))

    def rescue(self, job: Job) -> bool:
        """Take back a job whose lease ran out; True when it is dead now."""
        reason = (
            f"lease expired: worker {job.worker_id} did not settle attempt {job.attempts} of {job.max_attempts} "
            "within the lease"
        )
        if job.isolated and job.attempts >= job.max_attempts:
            self._end(job, "dead", f"{reason}, alone and for the last time", None)
            return True
        job.scheduled_for, job.error_message = backoff(job.attempts), reason
        job.attempts -= not job.isolated
        job.isolated = True
        self._back_to_pending(job)
        return False

    # -- operators

    def cancel(self, job_id: UUID) -> bool:
        """What cancel_job answers and does."""
        job = self.jobs.get(job_id)
        if job is None or job.status != "pending" or job.job_type == UNCANCELLABLE:
            return False
        self._end(job, "cancelled", job.error_message, None)
        return True

    def redrivable(self, ids: Sequence[UUID] | None, job_type: str | None, max_jobs: int) -> list[Job]:
        """Whom redrive_jobs takes."""
        dead = self.where(
            lambda job: (
                job.status == "dead"
                and job.redriven_as is None
                and (ids is None or job.id in ids)
                and job_type in (None, job.job_type)
            )
        )
        return sorted(dead, key=lambda job: (known(job.completed_at), job.id))[:max_jobs]

    def redrive(self, dead: Job, new_id: UUID) -> None:
        """A dead job runs again as a new one, without its key."""
        assert new_id not in self.jobs, "a redrive reused an id"
        dead.redriven_as = new_id
        new = Job(dead.job_type, dead.payload, dead.priority, dead.max_attempts, redrive_of=dead.id, id=new_id)
        new.isolated = dead.claim_token is None  # a rescue ended it: it is known to kill its worker
        self.jobs[new_id] = new

    # -- time

    def shift(self, seconds: int) -> None:
        """Let time pass: everything is that much longer ago."""
        by = timedelta(seconds=seconds)
        for job in self.jobs.values():
            job.scheduled_for = known(job.scheduled_for) - by
            if job.lease_expires_at is not None:
                job.lease_expires_at = known(job.lease_expires_at) - by
            if job.completed_at is not None:
                job.completed_at = known(job.completed_at) - by

    # -- how an attempt ends

    @staticmethod
    def _end(job: Job, status: str, message: str | None, token: UUID | None) -> None:
        job.status, job.error_message, job.claim_token = status, message, token
        job.completed_at, job.lease_expires_at = Within(), None

    @staticmethod
    def _back_to_pending(job: Job) -> None:
        job.status, job.claim_token, job.lease_expires_at = "pending", None, None


def _holds_a_key(job: Job) -> bool:
    return job.is_active and job.idempotency_key is not None


def _pair(ask: Ask) -> tuple[UUID, UUID]:
    return ask.id, ask.claim_token


def _age(job: Job) -> tuple[datetime, UUID]:
    return known(job.scheduled_for), job.id


def _rank(job: Job) -> tuple[int, datetime, UUID]:
    return -job.priority, known(job.scheduled_for), job.id
