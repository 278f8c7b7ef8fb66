"""What happened: the worker's runs, and what operators did. The newest first, a page at a time."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from lib.caller import Caller
from lib.model import Model, camel_case
from lib.resources import Resources
from lib.services.admin.queue.pages import fitting
from lib.services.admin.queue.stats import LastRun

# An id as text: JavaScript reads no larger number than 2^53 exactly.
Cursor = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]


def _renamed(value: Any) -> Any:
    """Keys as HTTP shows them, but for those of a payload, which are its author's."""
    match value:
        case dict():
            return {camel_case(key): each if key == "payload" else _renamed(each) for key, each in value.items()}
        case _:
            return value


def _without_payloads(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_payloads(each) for key, each in value.items() if key != "payload"}
        case _:
            return value


class JournalQuery(Model):
    """Of what, and how much. cursor: where the last page ended."""

    of: Literal["runs", "actions"]
    limit: int = Field(50, ge=1, le=200)
    cursor: Cursor | None = None


class RunsPage(Model):
    """Runs of the worker; nextCursor is null on the last page."""

    runs: tuple[LastRun, ...]
    next_cursor: str | None


class OperatorAction(Model):
    """What an operator changed. details: what was asked for, and the ids of the first 100 jobs that were changed."""

    id: int
    at: datetime
    operator: str
    action: str
    details: Annotated[dict[str, Any], AfterValidator(_renamed)]
    changed: int


class ActionsPage(Model):
    """What operators changed; nextCursor is null on the last page."""

    actions: tuple[OperatorAction, ...]
    next_cursor: str | None


async def read_journal(query: JournalQuery, resources: Resources, _: Caller) -> RunsPage | ActionsPage:
    """Return a page of the worker's runs, or of what operators did."""
    # One more than is shown, which says whether there is another page.
    page = {"page_size": query.limit + 1, "before_id": None if query.cursor is None else int(query.cursor)}
    if query.of == "runs":
        runs = await resources.database.rpc("list_worker_runs", tuple[LastRun, ...], **page)
        shown_runs = fitting(runs[: query.limit])
        return RunsPage(runs=shown_runs, next_cursor=_next(runs, len(shown_runs)))
    actions = await resources.database.rpc("list_operator_actions", tuple[OperatorAction, ...], **page)
    shown = actions[: query.limit]
    if resources.settings.dashboard_hide_payloads:
        shown = tuple(each.model_copy(update={"details": _without_payloads(each.details)}) for each in shown)
    shown = fitting(shown)
    return ActionsPage(actions=shown, next_cursor=_next(actions, len(shown)))


def _next(found: tuple[LastRun, ...] | tuple[OperatorAction, ...], shown: int) -> str | None:
    return str(found[shown - 1].id) if len(found) > shown else None
