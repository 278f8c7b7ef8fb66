"""What operators do with jobs: run dead ones again or discard them, cancel, edit, delete, pause and resume.

Each change is written down with the operator's name, in its own transaction; see operator_actions.sql.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, Strict

from lib.caller import Caller
from lib.errors import InvalidInput
from lib.model import Model, Row
from lib.queue.registry import type_named
from lib.resources import Resources
from lib.services.admin.queue.jobs import JobFilter, check_filter
from lib.services.queue.jobs import Moment, Whole

type Action = Literal["redrive", "discard", "cancel", "edit", "delete", "pause", "resume"]

# The statuses that each action can act on.
_STATUSES = {
    "redrive": ("dead",),
    "discard": ("dead",),
    "cancel": ("pending", "failed"),
    "edit": ("pending", "failed"),
    "delete": ("completed", "dead", "discarded", "cancelled"),
}
_OF_THE_DEAD = ("redrive", "discard")


class JobAction(Model):
    """What to do, and with which jobs: ids, or all that match a filter, at most 1,000 a call.

    redrive and discard are for dead jobs and also take a jobType; cancel and edit are for pending ones; delete removes
    ended ones from the history. pause and resume take a jobType. edit sets scheduled_for, priority or both. dry_run
    changes nothing and counts.
    """

    action: Action
    ids: tuple[UUID, ...] | None = Field(None, min_length=1, max_length=1000)
    job_type: str | None = None
    filter: JobFilter | None = None
    dry_run: Annotated[bool, Strict()] = False
    scheduled_for: Moment | None = None
    priority: Whole | None = Field(None, ge=0, le=10)


class ChangedJobs(Row):
    """The answer of change_jobs."""

    ids: tuple[UUID, ...]
    changed: int
    matched: int | None
    matched_is_more: bool
    more: bool


class ActionReply(Model):
    """What was changed: the new jobs of a redrive, the other jobs, the paused or resumed type.

    more: other jobs match the filter; call again. matched: of a dry run, how many jobs would be changed; with
    matched_is_more there are more than that.
    """

    action: str
    changed: int
    ids: tuple[UUID, ...] = ()
    job_type: str | None = None
    matched: int | None = None
    matched_is_more: bool = False
    more: bool = False


async def act_on_jobs(request: JobAction, resources: Resources, caller: Caller) -> ActionReply:
    """Redrive, discard, cancel, edit or delete jobs, or pause or resume a type.

    Raises:
        InvalidInput: an unknown job type, or what the action needs is missing or too much.
    """
    if request.job_type is not None:
        type_named(request.job_type)
    _check_edit(request)
    if request.action in ("pause", "resume"):
        return await _pause_or_resume(request, resources, caller)
    changed = await resources.database.rpc(
        "change_jobs",
        ChangedJobs,
        operator=caller.operator,
        action=request.action,
        job_ids=request.ids,
        filter=_filter(request, resources),
        scheduled_for=request.scheduled_for,
        priority=request.priority,
        dry_run=request.dry_run,
    )
    return ActionReply(action=request.action, job_type=request.job_type, **changed.model_dump())


async def _pause_or_resume(request: JobAction, resources: Resources, caller: Caller) -> ActionReply:
    for field, value in (("ids", request.ids), ("filter", request.filter), ("dryRun", request.dry_run or None)):
        _refuse(field, value, request.action)
    if request.job_type is None:
        raise InvalidInput("jobType", f"{request.action} needs it")
    changed = await resources.database.rpc(
        "change_job_type", bool, operator=caller.operator, action=request.action, job_type=request.job_type
    )
    return ActionReply(action=request.action, changed=int(changed), job_type=request.job_type)


def _check_edit(request: JobAction) -> None:
    if request.action != "edit":
        _refuse("scheduledFor", request.scheduled_for, request.action)
        _refuse("priority", request.priority, request.action)
    elif request.scheduled_for is None and request.priority is None:
        raise InvalidInput("scheduledFor", "edit needs scheduledFor or priority")


def _filter(request: JobAction, resources: Resources) -> dict[str, Any] | None:
    """Return the filter as change_jobs takes it; None for ids alone."""
    action, of_the_dead = request.action, request.action in _OF_THE_DEAD
    if not of_the_dead:
        _refuse("jobType", request.job_type, action)
    if request.filter is None:
        if request.ids is None and request.job_type is None:
            raise InvalidInput(
                "ids", f"{action} needs ids{', a filter or a jobType' if of_the_dead else ' or a filter'}"
            )
        return None if request.job_type is None else {"job_type": request.job_type}
    if request.ids is not None:
        raise InvalidInput("filter", "give ids or a filter, not both")
    if request.job_type is not None:
        raise InvalidInput("jobType", "beside a filter give filter.jobType")
    check_filter(request.filter, resources, "filter.")
    given = request.filter.model_dump(exclude_none=True, by_alias=False)
    if request.filter.status is not None and request.filter.status not in _STATUSES[action]:
        raise InvalidInput("filter.status", f"{action} acts on {' or '.join(_STATUSES[action])} jobs")
    if action == "cancel" and request.filter.job_type == "sync_like_count":
        raise InvalidInput("filter.jobType", "sync_like_count cannot be cancelled: a like may count on the job")
    if "created_to" in given:
        given["created_until"] = given.pop("created_to")
    return given


def _refuse(field: str, value: object, action: str) -> None:
    if value is not None:
        raise InvalidInput(field, f"{action} does not take it")
