"""What operators do with jobs: list them, run dead ones again, cancel, pause and resume."""

from typing import Literal, assert_never
from uuid import UUID

from pydantic import Field

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
        InvalidInput: an unknown job type, or what the action needs is missing or too much.
    """
    database, name = call.database, request.job_type
    if name is not None:
        type_named(name)
    match request.action:
        case "redrive":
            if request.ids is None and name is None:
                raise InvalidInput("ids", "redrive needs ids or a jobType")
            ids = tuple(UUID(new) for new in await database.redrive_jobs(request.ids, name))
            return ActionReply(action="redrive", changed=len(ids), ids=ids, job_type=name)
        case "cancel":
            _refuse("jobType", name, "cancel")
            cancelled = tuple(UUID(each) for each in await database.cancel_jobs(_need("ids", request.ids, "cancel")))
            return ActionReply(action="cancel", changed=len(cancelled), ids=cancelled)
        case "pause" | "resume":
            _refuse("ids", request.ids, request.action)
            change = database.pause_job_type if request.action == "pause" else database.resume_job_type
            changed = await change(_need("jobType", name, request.action))
            return ActionReply(action=request.action, changed=int(changed), job_type=name)
        case _:
            assert_never(request.action)


def _need[T](field: str, value: T | None, action: str) -> T:
    if value is None:
        raise InvalidInput(field, f"{action} needs it")
    return value


def _refuse(field: str, value: object, action: str) -> None:
    if value is not None:
        raise InvalidInput(field, f"{action} does not take it")
