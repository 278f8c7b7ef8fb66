"""What operators do with jobs: list them, run dead ones again, cancel, pause and resume."""

from typing import Literal, assert_never
from uuid import UUID

from pydantic import Field, model_validator

from lib.call import Call
from lib.enqueueing import JobState
from lib.errors import InvalidInput
from lib.model import Model
from lib.queue.registry import type_named

type Status = Literal["pending", "processing", "failed", "completed", "dead", "discarded", "cancelled"]


class JobsQuery(Model):
    """Which jobs: of this status (failed: waiting for a retry) and type, from where the last page ended."""

    status: Status | None = None
    job_type: str | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: UUID | None = None


class JobsPage(Model):
    """The newest jobs first; nextCursor is null on the last page."""

    jobs: tuple[JobState, ...]
    next_cursor: UUID | None


class JobAction(Model):
    """What to do. redrive takes ids, a jobType, or both; cancel takes ids; pause and resume take a jobType."""

    action: Literal["redrive", "cancel", "pause", "resume"]
    ids: tuple[UUID, ...] | None = Field(None, min_length=1, max_length=1000)
    job_type: str | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "JobAction":
        match self.action:
            case "redrive":
                if self.ids is None and self.job_type is None:
                    raise ValueError("redrive needs ids or a jobType")
            case "cancel":
                if self.ids is None or self.job_type is not None:
                    raise ValueError("cancel needs ids, and no jobType")
            case "pause" | "resume":
                if self.job_type is None or self.ids is not None:
                    raise ValueError(f"{self.action} needs a jobType, and no ids")
            case _:
                assert_never(self.action)
        return self


class ActionReply(Model):
    """What was changed: the new jobs of a redrive, the cancelled jobs, or the type that was paused or resumed."""

    action: str
    changed: int
    ids: tuple[UUID, ...] = ()
    job_type: str | None = None


async def list_jobs(query: JobsQuery, call: Call) -> JobsPage:
    """A page of jobs.

    Raises:
        InvalidInput: an unknown job type.
    """
    if query.job_type is not None:
        type_named(query.job_type)
    rows = await call.database.list_jobs(query.status, query.job_type, query.limit + 1, query.cursor)
    jobs = tuple(JobState.model_validate(row) for row in rows[: query.limit])
    return JobsPage(jobs=jobs, next_cursor=jobs[-1].id if len(rows) > query.limit else None)


async def act_on_jobs(request: JobAction, call: Call) -> ActionReply:
    """Redrive, cancel, pause or resume.

    Raises:
        InvalidInput: an unknown job type.
    """
    database, name = call.database, request.job_type
    if name is not None:
        type_named(name)
    match request.action:
        case "redrive":
            ids = tuple(UUID(new) for new in await database.redrive_jobs(request.ids, name))
            return ActionReply(action="redrive", changed=len(ids), ids=ids, job_type=name)
        case "cancel":
            cancelled = tuple([each for each in request.ids or () if await database.cancel_job(each)])
            return ActionReply(action="cancel", changed=len(cancelled), ids=cancelled)
        case "pause":
            return ActionReply(action="pause", changed=int(await database.pause_job_type(_given(name))), job_type=name)
        case "resume":
            return ActionReply(
                action="resume", changed=int(await database.resume_job_type(_given(name))), job_type=name
            )
        case _:
            assert_never(request.action)


def _given(job_type: str | None) -> str:
    if job_type is None:
        raise InvalidInput("jobType", "is missing")
    return job_type
