"""redrive, discard, cancel, edit, delete: change jobs, by their ids or all that match a filter, after their count."""

from typing import Annotated, Any
from uuid import UUID

import typer

from lib.cli import words
from lib.cli.backend import ACT, Backend
from lib.cli.console import done, print_json, progress, show, tell
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
    made,
    moment,
)
from lib.cli.problems import BadUsage
from lib.cli.session import confirm, guarded, talk
from lib.services.admin.queue.actions import ActionReply, JobAction

# What a call takes at most.
IDS_A_CALL = 1000

_ACTS_ON = {"redrive": "dead", "discard": "dead", "cancel": "pending", "edit": "pending", "delete": "ended"}
_DONE = {
    "redrive": "redriven",
    "discard": "discarded",
    "cancel": "cancelled",
    "edit": "edited",
    "delete": "deleted from the history",
}


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
    _act(context, "redrive", ids, chosen, dry_run=dry_run, yes=yes, as_json=as_json)


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
    _act(context, "discard", ids, chosen, dry_run=dry_run, yes=yes, as_json=as_json)


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
    _act(context, "cancel", ids, chosen, dry_run=dry_run, yes=yes, as_json=as_json)


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
    _act(context, "edit", ids, chosen, changes, dry_run=dry_run, yes=yes, as_json=as_json)


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
    _act(context, "delete", ids, chosen, dry_run=dry_run, yes=yes, as_json=as_json, asks_for_one=True)


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


def _act(
    context: typer.Context,
    action: str,
    ids: list[UUID] | None,
    chosen: dict[str, Any],
    changes: dict[str, Any] | None = None,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    asks_for_one: bool = False,
) -> None:
    """Count, ask, change, and say what was changed."""

    async def work(backend: Backend) -> ActionReply:
        requests = _requests(action, ids, chosen, changes or {})
        matched, is_more = await _count(backend, requests)
        if dry_run or not matched:
            return ActionReply(action=action, changed=0, matched=matched, matched_is_more=is_more)
        if matched > 1 or chosen or asks_for_one:
            more = "more than " if is_more else ""
            confirm(f"{action.capitalize()} {more}{words.plural(matched, 'job')}?", yes=yes)
        return await _change(backend, requests, None if is_more else matched)

    reply = talk(context, work)
    if as_json:
        print_json(reply)
    elif dry_run:
        more = "more than " if reply.matched_is_more else ""
        show(f"would be {_DONE[action]}: {more}{words.plural(reply.matched or 0, 'job')}")
    elif reply.matched == 0 and not reply.changed:
        tell(f"no {_ACTS_ON[action]} job {'among these' if ids else 'matches'}, so nothing was changed")
    else:
        done(f"{words.plural(reply.changed, 'job')} {_DONE[action]}")
        if action == "redrive" and reply.changed == 1:
            tell(f"$ queue job {reply.ids[0]}")


def _requests(action: str, ids: list[UUID] | None, chosen: dict[str, Any], changes: dict[str, Any]) -> list[JobAction]:
    """Return the calls to make: one for each thousand ids, or one that is repeated while more jobs match.

    Raises:
        BadUsage: neither ids nor a filter, or both.
        InvalidInput: a value breaks a rule.
    """
    if ids and chosen:
        raise BadUsage("give ids or a filter, not both")
    if not ids and not chosen:
        raise BadUsage(f"say which jobs: `queue {action} ID ...`, or a filter such as --type or --since")
    if not ids:
        return [made(JobAction, action=action, filter=chosen, **changes)]
    parts = [ids[first : first + IDS_A_CALL] for first in range(0, len(ids), IDS_A_CALL)]
    return [made(JobAction, action=action, ids=part, **changes) for part in parts]


async def _count(backend: Backend, requests: list[JobAction]) -> tuple[int, bool]:
    """Return how many jobs would be changed, and whether there are more than that."""
    replies = [await backend.ask(ACT, each.model_copy(update={"dry_run": True})) for each in requests]
    return sum(each.matched or 0 for each in replies), any(each.matched_is_more for each in replies)


async def _change(backend: Backend, requests: list[JobAction], total: int | None) -> ActionReply:
    """Make the calls, again while more jobs match, with a bar that grows."""
    changed: list[UUID] = []
    count = 0
    with progress(f"{requests[0].action} …", total) as bar:
        for request in requests:
            while True:
                reply = await backend.ask(ACT, request)
                changed += reply.ids
                count += reply.changed
                bar.update(bar.task_ids[0], completed=count)
                if not reply.more or not reply.changed:
                    break
    return ActionReply(action=requests[0].action, changed=count, ids=tuple(changed), matched=total)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (redrive, discard, cancel, edit, delete):
        app.command(rich_help_panel="Mend")(command)
