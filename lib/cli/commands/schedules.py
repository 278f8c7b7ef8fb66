"""schedules: see, run, enable, disable, change, create and delete recurring jobs."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from lib.cli.backend import ACT_ON_SCHEDULE, SCHEDULES
from lib.cli.console import done, print_json, show, tell
from lib.cli.options import JobType, JobTypeArgument, Json, Yes, json_object, made
from lib.cli.session import confirm, guarded, talk
from lib.cli.views.schedules import schedule_list
from lib.cli.words import ago
from lib.model import NoInput
from lib.services.admin.queue.schedules import ScheduleAction, ScheduleReply

group = typer.Typer(invoke_without_command=True, help="See and change recurring jobs.", rich_markup_mode="rich")

Name = Annotated[str, typer.Argument(help="The schedule.", show_default=False)]
Cron = Annotated[str | None, typer.Option("--cron", help="When: five fields, such as '*/10 * * * *'.")]
Zone = Annotated[str | None, typer.Option("--timezone", help="Such as Europe/Vienna.")]
Payload = Annotated[str | None, typer.Option("--payload", "-p", help="A JSON object.")]
Priority = Annotated[int | None, typer.Option("--priority", help="0 to 10.")]
Attempts = Annotated[int | None, typer.Option("--max-attempts", help="1 to 25.")]


@group.callback()
def schedules(context: typer.Context, as_json: Json = False) -> None:
    """List recurring jobs; the commands below change one."""
    if context.invoked_subcommand is not None:
        return
    found = talk(context, lambda backend: backend.ask(SCHEDULES, NoInput()))
    if as_json:
        print_json(found)
    else:
        show(schedule_list(found.schedules, datetime.now(UTC)) if found.schedules else "[dim]there is no schedule[/]")


@group.command("run")
def run(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Enqueue a schedule's job now. While that job waits, no other is made."""
    reply = _act(context, as_json=as_json, action="run", name=name)
    if reply and reply.changed:
        done(f"{reply.job_id} is enqueued")
    elif reply:
        done(f"{reply.job_id}, the last job of {name}, still waits: no other was made")
    if reply:
        tell(f"→ queue job {reply.job_id}")


@group.command("enable")
def enable(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Let a schedule make jobs again."""
    _say(_act(context, as_json=as_json, action="enable", name=name), "is enabled")


@group.command("disable")
def disable(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Let a schedule make no more jobs."""
    _say(_act(context, as_json=as_json, action="disable", name=name), "is disabled")


@group.command("change")
def change(
    context: typer.Context,
    *,
    name: Name,
    cron: Cron = None,
    timezone: Zone = None,
    job_type: JobType = None,
    payload: Payload = None,
    priority: Priority = None,
    max_attempts: Attempts = None,
    as_json: Json = False,
) -> None:
    """Change when a schedule makes a job, or which."""
    values = _values(cron, timezone, payload, priority, max_attempts) | {"job_type": job_type}
    _say(_act(context, as_json=as_json, action="change", name=name, **values), "is changed")


@group.command("create")
def create(
    context: typer.Context,
    *,
    name: Name,
    job_type: JobTypeArgument,
    cron: Cron = None,
    timezone: Zone = None,
    payload: Payload = None,
    priority: Priority = None,
    max_attempts: Attempts = None,
    as_json: Json = False,
) -> None:
    """Add a schedule."""
    values = _values(cron, timezone, payload, priority, max_attempts) | {"job_type": job_type}
    _say(_act(context, as_json=as_json, action="create", name=name, **values), "is created")


@group.command("delete")
def delete(context: typer.Context, name: Name, yes: Yes = False, as_json: Json = False) -> None:
    """Remove a schedule. Its jobs stay."""
    guarded(lambda: confirm(f"Delete the schedule {name}?", yes=yes))
    if _act(context, as_json=as_json, action="delete", name=name):
        done(f"{name} is deleted")


def _values(
    cron: str | None, timezone: str | None, payload: str | None, priority: int | None, max_attempts: int | None
) -> dict[str, Any]:
    return {
        "cron_expression": cron,
        "timezone": timezone,
        "payload": guarded(lambda: json_object(payload, "--payload")),
        "priority": priority,
        "max_attempts": max_attempts,
    }


def _act(context: typer.Context, *, as_json: bool, **values: Any) -> ScheduleReply | None:
    """Return the answer; None when it was printed as JSON."""
    request = guarded(lambda: made(ScheduleAction, **values))
    reply = talk(context, lambda backend: backend.ask(ACT_ON_SCHEDULE, request))
    if as_json:
        print_json(reply)
        return None
    return reply


def _say(reply: ScheduleReply | None, what: str) -> None:
    if reply is None or reply.schedule is None:
        return
    plan = f"; next {ago(reply.schedule.next_run_at, datetime.now(UTC))}" if reply.schedule.next_run_at else ""
    done(f"{reply.schedule.name} {what if reply.changed else f'{what} already'}{plan}")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="schedules", rich_help_panel="Mend")
