"""redrive, discard, cancel, edit, delete: change jobs, by their ids or all that match a filter, after their count."""

from typing import Annotated, Any

import typer

from lib.cli.changing import act
from lib.cli.options import (
    DryRun,
    JobIds,
    JobType,
    Json,
    Key,
    PayloadFilter,
    Since,
    Status,
    Text,
    Until,
    Yes,
    json_object,
    moment,
)
from lib.cli.session import guarded


def redrive(
    context: typer.Context,
    *,
    ids: JobIds = None,
    job_type: JobType = None,
    key: Key = None,
    text: Text = None,
    payload: PayloadFilter = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Run dead jobs again, as new jobs."""
    chosen = _filter(None, job_type, key, text, payload, since, until)
    act(context, "redrive", ids, chosen, dry_run=dry_run, yes=yes, as_json=as_json)


def discard(
    context: typer.Context,
    *,
    ids: JobIds = None,
    job_type: JobType = None,
    key: Key = None,
    text: Text = None,
    payload: PayloadFilter = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take dead jobs out of the count: they need no second run."""
    chosen = _filter(None, job_type, key, text, payload, since, until)
    act(context, "discard", ids, chosen, dry_run=dry_run, yes=yes, as_json=as_json)


def cancel(
    context: typer.Context,
    *,
    ids: JobIds = None,
    status: Status = None,
    job_type: JobType = None,
    key: Key = None,
    text: Text = None,
    payload: PayloadFilter = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Cancel pending jobs. Not sync_like_count: a like may count on it."""
    chosen = _filter(status, job_type, key, text, payload, since, until)
    act(context, "cancel", ids, chosen, dry_run=dry_run, yes=yes, as_json=as_json)


def edit(
    context: typer.Context,
    *,
    ids: JobIds = None,
    at: Annotated[str | None, typer.Option("--at", help="Due then: now, 10m (from now), or a date and time.")] = None,
    priority: Annotated[int | None, typer.Option("--priority", help="0 to 10; the higher one first.")] = None,
    status: Status = None,
    job_type: JobType = None,
    key: Key = None,
    text: Text = None,
    payload: PayloadFilter = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Change when pending jobs are due, or their priority."""
    chosen = _filter(status, job_type, key, text, payload, since, until)
    changes = {"scheduled_for": guarded(lambda: moment(at, "--at", direction=1)), "priority": priority}
    act(context, "edit", ids, chosen, changes, dry_run=dry_run, yes=yes, as_json=as_json)


def delete(
    context: typer.Context,
    *,
    ids: JobIds = None,
    status: Status = None,
    job_type: JobType = None,
    key: Key = None,
    text: Text = None,
    payload: PayloadFilter = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete ended jobs from the history. This cannot be undone."""
    chosen = _filter(status, job_type, key, text, payload, since, until)
    act(context, "delete", ids, chosen, dry_run=dry_run, yes=yes, as_json=as_json, asks_for_one=True)


def _filter(  # noqa: PLR0917 - the filter's options, in the order in which every command has them
    status: str | None,
    job_type: str | None,
    key: str | None,
    text: str | None,
    payload: str | None,
    since: str | None,
    until: str | None,
) -> dict[str, Any]:
    """Return the filter as the route takes it; empty when not one option was given."""
    values = guarded(
        lambda: {
            "status": status,
            "job_type": job_type,
            "key": key,
            "text": text,
            "payload": json_object(payload, "--payload"),
            "created_from": moment(since, "--since"),
            "created_to": moment(until, "--until"),
        }
    )
    return {name: value for name, value in values.items() if value is not None}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (redrive, discard, cancel, edit, delete):
        app.command(rich_help_panel="Mend")(command)
