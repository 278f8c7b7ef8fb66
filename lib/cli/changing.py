"""Changing jobs: count those that are meant, ask, change them call by call, and say what was changed."""

from typing import Any
from uuid import UUID

import typer

from lib.cli import words
from lib.cli.backend import ACT, Backend
from lib.cli.console import done, print_json, progress, show, tell
from lib.cli.options import made
from lib.cli.problems import BadUsage
from lib.cli.session import confirm, talk
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


def act(
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
            tell(f"→ queue job {reply.ids[0]}")


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
