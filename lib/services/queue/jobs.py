"""Jobs for trusted services: enqueue one or many, and look one up."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BeforeValidator, Field, Strict, ValidationError

import lib.jobs  # noqa: F401 - registers the job types
from lib.caller import Caller
from lib.errors import InvalidInput, NotFound
from lib.model import Model, Text, broken_rules
from lib.queue import Enqueued, NewJob, Payload, enqueue, enqueue_many
from lib.queue.registry import type_named
from lib.resources import Resources

MAX_JOBS = 500
_DATE_AND_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:", re.ASCII)
# What the database takes, whatever the offset.
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def _written_out(value: object) -> object:
    """Refuse a number, which pydantic reads as seconds or milliseconds since 1970, as it thinks fit."""
    if isinstance(value, int | float) or (isinstance(value, str) and not _DATE_AND_TIME.match(value)):
        raise ValueError("must be a date and a time, such as 2026-11-24T10:00:00Z")
    return value


type Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST), BeforeValidator(_written_out)]
Whole = Annotated[int, Strict()]


class JobRequest(Model):
    """A job to enqueue; its payload is checked against the model of its type."""

    job_type: str
    payload: dict[str, Any] = Field(default_factory=dict)
    priority: Whole | None = Field(None, ge=0, le=10)
    scheduled_for: Moment | None = None
    idempotency_key: Text | None = Field(None, min_length=1, max_length=255)
    max_attempts: Whole | None = Field(None, ge=1, le=25)


class JobsRequest(Model):
    """Up to 500 jobs, all or none."""

    jobs: tuple[JobRequest, ...] = Field(min_length=1, max_length=MAX_JOBS)


class JobHandle(Model):
    """created is False when the idempotency key named a job that was there before."""

    id: UUID
    created: bool
    status: str

    @classmethod
    def of(cls, enqueued: Enqueued) -> "JobHandle":
        """From what the queue returns."""
        return cls(id=enqueued.id, created=enqueued.created, status=enqueued.status)


class JobReply(Model):
    """The one job."""

    job: JobHandle

    @property
    def created(self) -> bool:
        """Whether this call created it."""
        return self.job.created


class JobsReply(Model):
    """The jobs, in the order of the request."""

    jobs: tuple[JobHandle, ...]

    @property
    def created(self) -> bool:
        """Whether this call created at least one."""
        return any(job.created for job in self.jobs)


class JobQuery(Model):
    """Which job to look up."""

    id: UUID


class AttemptRecord(Model):
    """One attempt that did not complete its job."""

    outcome: str
    error: str | None
    worker_id: str | None
    started_at: datetime | None
    ended_at: datetime


class JobState(Model):
    """An active or ended job, without its claim token. attempt_log: its last 20 attempts that did not complete it."""

    id: UUID
    job_type: str
    payload: dict[str, Any]
    status: str
    priority: int
    attempts: int
    max_attempts: int
    scheduled_for: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    error_message: str | None
    result: Any
    duration_ms: int | None
    idempotency_key: str | None
    isolated: bool | None
    redrive_of: UUID | None
    redriven_as: UUID | None
    created_at: datetime
    waited_ms: int | None
    deferrals: int | None
    attempt_log: tuple[AttemptRecord, ...] | None


class JobStateReply(Model):
    """The job that was looked up."""

    job: JobState


def read_enqueue_request(body: Any) -> JobRequest | JobsRequest:
    """One job, or {"jobs": [...]}.

    Raises:
        pydantic.ValidationError: a field breaks a rule.
        InvalidInput: too many jobs, which are not looked at one by one then.
    """
    if isinstance(body, dict) and "jobs" in body:
        if isinstance(body["jobs"], list) and len(body["jobs"]) > MAX_JOBS:
            raise InvalidInput("jobs", f"must have at most {MAX_JOBS} items")
        return JobsRequest.model_validate(body)
    return JobRequest.model_validate(body)


async def enqueue_requested(request: JobRequest | JobsRequest, resources: Resources, _: Caller) -> JobReply | JobsReply:
    """Enqueue one job or many.

    Raises:
        InvalidInput: an unknown type, a payload that its model rejects, or a limit.
        Conflict: an idempotency key is held by a job of another type or payload.
    """
    if isinstance(request, JobRequest):
        return JobReply(job=JobHandle.of(await enqueue(resources.database, _new_job(request))))
    new_jobs = [_new_job(job, "jobs", str(position)) for position, job in enumerate(request.jobs)]
    return JobsReply(jobs=tuple(JobHandle.of(each) for each in await enqueue_many(resources.database, new_jobs)))


async def find_job(query: JobQuery, resources: Resources, _: Caller) -> JobStateReply:
    """Look up a job, active or ended.

    Raises:
        NotFound: there is no such job.
    """
    found = await resources.database.rpc("find_jobs", list[JobState], job_ids=[query.id])
    if not found:
        raise NotFound("there is no such job")
    return JobStateReply(job=found[0])


def _new_job(request: JobRequest, *where: str) -> NewJob:
    """where: the place of the request in the body, for messages."""
    job_type = type_named(request.job_type, field=".".join((*where, "jobType")))
    return NewJob(
        payload=checked_payload(job_type.payload, request.payload, (*where, "payload")),
        priority=request.priority,
        scheduled_for=request.scheduled_for,
        idempotency_key=request.idempotency_key,
        max_attempts=request.max_attempts,
    )


def checked_payload(model: type[Payload], payload: dict[str, Any], where: tuple[str, ...]) -> Payload:
    """Return the payload as its type's model. where: its place in the body, for messages.

    Raises:
        InvalidInput: the model rejects it.
    """
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        raise InvalidInput.of(broken_rules(error, "body", where)) from None
