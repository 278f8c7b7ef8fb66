"""runs, actions: what happened."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from lib.cli.backend import ACTIONS, RUNS
from lib.cli.console import print_json, show, tell
from lib.cli.options import Json, made
from lib.cli.session import guarded, talk
from lib.cli.views.journal import action_list, run_list
from lib.services.admin.queue.journal import JournalQuery

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="How many to show.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="Go on where the last page ended.")]


def runs(context: typer.Context, limit: Limit = 20, cursor: Cursor = None, as_json: Json = False) -> None:
    """List the worker's runs, the newest first."""
    query = guarded(lambda: made(JournalQuery, of="runs", limit=limit, cursor=cursor))
    page = talk(context, lambda backend: backend.ask(RUNS, query))
    if as_json:
        print_json(page)
        return
    show(run_list(page.runs, datetime.now(UTC)) if page.runs else "[dim]the worker has not run yet[/]")
    _tell_of_more(page.next_cursor)


def actions(context: typer.Context, limit: Limit = 20, cursor: Cursor = None, as_json: Json = False) -> None:
    """List what operators changed, the newest first: who, what, when, how many."""
    query = guarded(lambda: made(JournalQuery, of="actions", limit=limit, cursor=cursor))
    page = talk(context, lambda backend: backend.ask(ACTIONS, query))
    if as_json:
        print_json(page)
        return
    show(action_list(page.actions, datetime.now(UTC)) if page.actions else "[dim]nobody changed anything[/]")
    _tell_of_more(page.next_cursor)


def _tell_of_more(cursor: str | None) -> None:
    if cursor:
        tell(f"more: --cursor {cursor}")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(rich_help_panel="See")(runs)
    app.command(rich_help_panel="See")(actions)
