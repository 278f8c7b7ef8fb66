"""What operators do with recurring jobs: see them, run one now, enable, disable, change, create and delete them.

A cron expression is read here, by the library that the worker has, so what is accepted can be planned, and is at once.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

import lib.jobs  # noqa: F401 - registers the job types
from lib.caller import Caller
from lib.errors import InvalidInput, NotFound
from lib.model import Model, NoInput, Row, Text, camel_case
from lib.queue.registry import JobType, type_named
from lib.queue.schedules import next_run
from lib.resources import Resources
from lib.services.admin.queue.stats import ScheduleState
from lib.services.queue.jobs import Whole, checked_payload

_CHANGEABLE = ("job_type", "payload", "cron_expression", "timezone", "priority", "max_attempts")


class Schedule(ScheduleState):
    """A schedule. last_job_id: the job of its last slot, or of the last time that an operator ran it."""

    priority: int
    max_attempts: int
    last_job_id: UUID | None


class Schedules(Row):
    """The answer of list_schedules, with the database's time."""

    now: datetime
    schedules: tuple[Schedule, ...]

    def named(self, name: str) -> Schedule:
        """Return the schedule of this name.

        Raises:
            NotFound: there is no such schedule.
        """
        for schedule in self.schedules:
            if schedule.name == name:
                return schedule
        raise NotFound(f'name: there is no schedule "{name}"')


class SchedulesReply(Model):
    """All schedules, by their names."""

    schedules: tuple[Schedule, ...]


class ScheduleAction(Model):
    """What to do with the schedule of a name. change takes any of the other fields, create needs job_type and
    cron_expression, and the rest takes not one of them. timezone: UTC unless given."""

    action: Literal["run", "enable", "disable", "change", "create", "delete"]
    name: Text = Field(min_length=1, max_length=100)
    job_type: str | None = None
    payload: dict[str, Any] | None = None
    cron_expression: Text | None = Field(None, min_length=1, max_length=200)
    timezone: Text | None = Field(None, min_length=1, max_length=100)
    priority: Whole | None = Field(None, ge=0, le=10)
    max_attempts: Whole | None = Field(None, ge=1, le=25)

    def given(self) -> dict[str, Any]:
        """The fields that are given, by the names that the database has."""
        return {name: value for name in _CHANGEABLE if (value := getattr(self, name)) is not None}


class ScheduleReply(Model):
    """Whether something was changed, the schedule as it is now, and the job of run. schedule is null after delete."""

    action: str
    changed: int
    schedule: Schedule | None = None
    job_id: UUID | None = None


class _Changed(Row):
    """The answer of the functions that change a schedule."""

    changed: int
    schedule: Schedule
    job_id: UUID | None = None


async def list_schedules(_input: NoInput, resources: Resources, _: Caller) -> SchedulesReply:
    """Return all schedules."""
    return SchedulesReply(schedules=(await _all(resources)).schedules)


async def act_on_schedule(request: ScheduleAction, resources: Resources, caller: Caller) -> ScheduleReply:
    """Run, enable, disable, change, create or delete a schedule.

    Raises:
        NotFound: there is no schedule of this name.
        Conflict: there is one already, for create.
        InvalidInput: a field breaks a rule, is missing or is too much.
    """
    if request.action not in ("change", "create"):
        for name in request.given():
            raise InvalidInput(camel_case(name), f"{request.action} does not take it")
    match request.action:
        case "run":
            changed = await resources.database.rpc(
                "run_schedule", _Changed, operator=caller.operator, name=request.name
            )
        case "delete":
            await resources.database.rpc("delete_schedule", bool, operator=caller.operator, name=request.name)
            return ScheduleReply(action=request.action, changed=1)
        case "create":
            changed = await _create(request, resources, caller)
        case _:
            changed = await _change(request, resources, caller)
    return ScheduleReply(
        action=request.action, changed=changed.changed, schedule=changed.schedule, job_id=changed.job_id
    )


async def _create(request: ScheduleAction, resources: Resources, caller: Caller) -> _Changed:
    if request.job_type is None or request.cron_expression is None:
        missing = "jobType" if request.job_type is None else "cronExpression"
        raise InvalidInput(missing, "create needs it")
    job_type, timezone = type_named(request.job_type), request.timezone or "UTC"
    payload = _payload(job_type, request.payload or {})
    known = await _all(resources)
    policy = job_type.policy
    return await resources.database.rpc(
        "create_schedule",
        _Changed,
        operator=caller.operator,
        name=request.name,
        job_type=job_type.name,
        payload=payload,
        cron_expression=request.cron_expression,
        timezone=timezone,
        priority=policy.priority if request.priority is None else request.priority,
        max_attempts=policy.max_attempts if request.max_attempts is None else request.max_attempts,
        next_run=_next_run(request.cron_expression, timezone, known.now),
    )


async def _change(request: ScheduleAction, resources: Resources, caller: Caller) -> _Changed:
    known = await _all(resources)
    schedule = known.named(request.name)
    changes = _changes(request)
    if "job_type" in changes or "payload" in changes:
        job_type = type_named(changes.get("job_type", schedule.job_type))
        payload = _payload(job_type, changes.get("payload", schedule.payload))
        if "payload" in changes:
            changes["payload"] = payload
    expression = changes.get("cron_expression", schedule.cron_expression)
    timezone = changes.get("timezone", schedule.timezone)
    needs_a_plan = request.action != "disable" and changes.keys() & {"cron_expression", "timezone", "enabled"}
    return await resources.database.rpc(
        "change_schedule",
        _Changed,
        operator=caller.operator,
        action=request.action,
        name=request.name,
        changes=changes,
        next_run=_next_run(expression, timezone, known.now) if needs_a_plan else None,
        planned_expression=expression,
        planned_timezone=timezone,
    )


def _changes(request: ScheduleAction) -> dict[str, Any]:
    if request.action in ("enable", "disable"):
        return {"enabled": request.action == "enable"}
    if not request.given():
        names = ", ".join(camel_case(name) for name in _CHANGEABLE)
        raise InvalidInput("cronExpression", f"change needs at least one of {names}")
    return request.given()


async def _all(resources: Resources) -> Schedules:
    return await resources.database.rpc("list_schedules", Schedules)


def _payload(job_type: JobType, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload as the queue keeps it."""
    return checked_payload(job_type.payload, payload, ("payload",)).model_dump(mode="json", exclude_unset=True)


def _next_run(cron_expression: str, timezone: str, now: datetime) -> datetime:
    try:
        return next_run(cron_expression, timezone, now)
    except InvalidInput as error:
        raise InvalidInput(camel_case(error.field), error.rule) from error
