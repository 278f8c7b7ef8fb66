"""What operators do with jobs: list them, run dead ones again or discard them, cancel, pause and resume."""

from typing import Annotated, Any, Literal, assert_never
from uuid import UUID

from pydantic import BeforeValidator, Field
from pydantic_core import to_json

from lib.caller import Caller
from lib.database import Database
from lib.errors import InvalidInput
from lib.model import Model, Row, Text, read_json
from lib.queue.registry import type_named
from lib.resources import Resources
from lib.services.queue.jobs import JobState, Moment

type Status = Literal["pending", "processing", "failed", "completed", "dead", "discarded", "cancelled"]


def _read_filter(value: object) -> object:
    """A query has text only: an object is written as JSON there."""
    if not isinstance(value, str):
        return value
    try:
        content = read_json(value)
        to_json(content)
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON object, not too deep, of text that UTF-8 can say") from None
    return content


class JobsQuery(Model):
    """Which jobs; every filter that is given must hold. cursor: where the last page ended.

    status: failed means waiting for a retry. key: the idempotency key. text: in the error, whatever its case.
    payload: an object that the payload contains, with keys as the database has them. created_from, created_to: when the
    job was made, from the first moment on and before the second.
    """

    status: Status | None = None
    job_type: str | None = None
    key: Text | None = Field(None, min_length=1, max_length=255)
    text: Text | None = Field(None, min_length=1, max_length=200)
    payload: Annotated[dict[str, Any], BeforeValidator(_read_filter)] | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: UUID | None = None


class FoundJobs(Row):
    """The SQL type job_page."""

    jobs: tuple[JobState, ...]
    next_before_id: UUID | None


class JobsPage(Model):
    """The newest jobs first; nextCursor is null on the last page.

    An earlier page may hold fewer jobs than asked for, or not one, when a filter looks for what few jobs have.
    """

    jobs: tuple[JobState, ...]
    next_cursor: UUID | None


class JobAction(Model):
    """What to do. redrive and discard take ids, a jobType, or both; cancel takes ids; pause and resume a jobType."""

    action: Literal["redrive", "discard", "cancel", "pause", "resume"]
    ids: tuple[UUID, ...] | None = Field(None, min_length=1, max_length=1000)
    job_type: str | None = None


class ActionReply(Model):
    """What was changed: the new jobs of a redrive, the cancelled or discarded jobs, the paused or resumed type."""

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
    found = await resources.database.rpc(
        "search_jobs",
        FoundJobs,
        wanted_status=query.status,
        wanted_type=query.job_type,
        wanted_key=query.key,
        error_contains=query.text,
        payload_contains=query.payload,
        created_from=query.created_from,
        created_until=query.created_to,
        page_size=query.limit,
        before_id=query.cursor,
    )
    return JobsPage(jobs=found.jobs, next_cursor=found.next_before_id)


async def act_on_jobs(request: JobAction, resources: Resources, _: Caller) -> ActionReply:
    """Redrive, discard, cancel, pause or resume.

    Raises:
        InvalidInput: an unknown job type, or what the action needs is missing or too much.
    """
    if request.job_type is not None:
        type_named(request.job_type)
    match request.action:
        case "redrive":
            return await _redrive(request, resources.database)
        case "discard":
            return await _discard(request, resources.database)
        case "cancel":
            return await _cancel(request, resources.database)
        case "pause" | "resume":
            return await _pause_or_resume(request, resources.database)
        case _:
            assert_never(request.action)


async def _redrive(request: JobAction, database: Database) -> ActionReply:
    _need_some_of_the_dead(request)
    ids = await database.rpc("redrive_jobs", tuple[UUID, ...], job_ids=request.ids, job_type=request.job_type)
    return ActionReply(action=request.action, changed=len(ids), ids=ids, job_type=request.job_type)


async def _discard(request: JobAction, database: Database) -> ActionReply:
    _need_some_of_the_dead(request)
    ids = await database.rpc("discard_jobs", tuple[UUID, ...], job_ids=request.ids, job_type=request.job_type)
    return ActionReply(action=request.action, changed=len(ids), ids=ids, job_type=request.job_type)


def _need_some_of_the_dead(request: JobAction) -> None:
    if request.ids is None and request.job_type is None:
        raise InvalidInput("ids", f"{request.action} needs ids or a jobType")


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
