"""What operators do with jobs: list them, run dead ones again, cancel, pause and resume."""

from typing import Literal, assert_never
from uuid import UUID

from pydantic import Field

from lib.caller import Caller
from lib.database import Database
from lib.errors import InvalidInput
from lib.model import Model
from lib.queue.registry import type_named
from lib.resources import Resources
from lib.services.queue.jobs import JobState

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


async def list_jobs(query: JobsQuery, resources: Resources, _: Caller) -> JobsPage:
    """Return a page of jobs.

    Raises:
        InvalidInput: an unknown job type.
    """
    if query.job_type is not None:
        type_named(query.job_type)
    # One more than asked for: it tells whether there is a next page.
    found = await resources.database.rpc(
        "list_jobs",
        tuple[JobState, ...],
        wanted_status=query.status,
        wanted_type=query.job_type,
        page_size=query.limit + 1,
        before_id=query.cursor,
    )
    jobs = found[: query.limit]
    return JobsPage(jobs=jobs, next_cursor=jobs[-1].id if len(found) > query.limit else None)


async def act_on_jobs(request: JobAction, resources: Resources, _: Caller) -> ActionReply:
    """Redrive, cancel, pause or resume.

    Raises:
        InvalidInput: an unknown job type, or what the action needs is missing or too much.
    """
    if request.job_type is not None:
        type_named(request.job_type)
    match request.action:
        case "redrive":
            return await _redrive(request, resources.database)
        case "cancel":
            return await _cancel(request, resources.database)
        case "pause" | "resume":
            return await _pause_or_resume(request, resources.database)
        case _:
            assert_never(request.action)


async def _redrive(request: JobAction, database: Database) -> ActionReply:
    if request.ids is None and request.job_type is None:
        raise InvalidInput("ids", "redrive needs ids or a jobType")
    ids = await database.rpc("redrive_jobs", tuple[UUID, ...], job_ids=request.ids, job_type=request.job_type)
    return ActionReply(action=request.action, changed=len(ids), ids=ids, job_type=request.job_type)


async def _cancel(request: JobAction, database: Database) -> ActionReply:
    _refuse("jobType", request.job_type, request.action)
    job_ids = _need("ids", request.ids, request.action)
    ids = await database.rpc("cancel_jobs", tuple[UUID, ...], job_ids=job_ids)
    return ActionReply(action=request.action, changed=len(ids), ids=ids)


async def _pause_or_resume(request: JobAction, database: Database) -> ActionReply:
    _refuse("ids", request.ids, request.action)
    job_type = _need("jobType", request.job_type, request.action)
    if request.action == "pause":
        changed = await database.rpc("pause_job_type", bool, job_type=job_type)
    else:
        changed = await database.rpc("resume_job_type", bool, job_type=job_type)
    return ActionReply(action=request.action, changed=int(changed), job_type=job_type)


def _need[T](field: str, value: T | None, action: str) -> T:
    if value is None:
        raise InvalidInput(field, f"{action} needs it")
    return value


def _refuse(field: str, value: object, action: str) -> None:
    if value is not None:
        raise InvalidInput(field, f"{action} does not take it")
