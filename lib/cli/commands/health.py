"""status, stats, doctor: how the queue is."""

import asyncio
import time
from typing import Annotated, Literal

import typer
from rich.live import Live

from lib.cli.backend import DOCTOR, HEALTH, STATS, Backend
from lib.cli.console import out, print_json, show
from lib.cli.options import Json
from lib.cli.problems import BadUsage, Exit, NotReachable
from lib.cli.session import guarded, talk
from lib.cli.views.findings import findings_screen
from lib.cli.views.stats import stats_screen
from lib.cli.views.status import status_screen
from lib.errors import DatabaseError
from lib.model import Model, NoInput
from lib.services.admin.queue.findings import SEVERITIES
from lib.services.admin.queue.stats import QueueStats
from lib.services.health.queue import QueueHealth

NOTHING = NoInput()


class Status(Model):
    """What `status --json` prints."""

    health: QueueHealth
    stats: QueueStats


async def ask_status(backend: Backend) -> Status:
    """Ask both at once."""
    health, stats = await asyncio.gather(backend.ask(HEALTH, NOTHING), backend.ask(STATS, NOTHING))
    return Status(health=health, stats=stats)


def status(
    context: typer.Context,
    as_json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Stay, and look again.")] = False,
    every: Annotated[float, typer.Option("--every", min=1, help="With --watch: seconds between two looks.")] = 2,
) -> None:
    """Say on one screen how the queue is. Exit code 1 while it is unhealthy."""
    if watch:
        guarded(lambda: _refuse_watching(as_json=as_json))
        talk(context, lambda backend: _watch(backend, every))
        return
    where, found = talk(context, _status_of)
    if as_json:
        print_json(found)
    else:
        show(status_screen(found.health, found.stats, where))
    raise typer.Exit(Exit.OK if found.health.healthy else Exit.FINDINGS)


async def _status_of(backend: Backend) -> tuple[str, Status]:
    return backend.where, await ask_status(backend)


def _refuse_watching(*, as_json: bool) -> None:
    if as_json:
        raise BadUsage("--watch draws a screen, and --json prints one answer: give one of them")
    if not out.is_terminal:
        raise BadUsage("--watch needs a terminal")


async def _watch(backend: Backend, every_s: float) -> None:
    """Draw until Ctrl-C. An outage is shown, and looked at again.

    Ctrl-C cancels this task. A look that fails in that moment ends with its own error, and the cancellation would be
    lost: so the task is asked as well.
    """
    task = asyncio.current_task()
    with Live(console=out, screen=True, auto_refresh=False) as screen:
        while task is None or not task.cancelling():
            try:
                found = await ask_status(backend)
                screen.update(status_screen(found.health, found.stats, backend.where), refresh=True)
            except (NotReachable, DatabaseError) as problem:
                at = time.strftime("%H:%M:%S")
                screen.update(f"[bold red]✗[/] {at}  {problem}\n[dim]looking again[/]", refresh=True)
            await asyncio.sleep(every_s)
    raise asyncio.CancelledError


def stats(context: typer.Context, as_json: Json = False) -> None:
    """Show times, error rates, the week, and what comes back again and again."""
    found = talk(context, lambda backend: backend.ask(STATS, NOTHING))
    if as_json:
        print_json(found)
    else:
        show(stats_screen(found))


def doctor(
    context: typer.Context,
    as_json: Json = False,
    fail_on: Annotated[
        Literal["critical", "high", "medium", "low"],
        typer.Option("--fail-on", help="Exit code 1 if there is a finding as bad as this."),
    ] = "high",
) -> None:
    """Look for what is wrong with the database, its migrations and Storage, and say what mends it. Changes nothing."""
    found = talk(context, lambda backend: backend.ask(DOCTOR, NOTHING))
    if as_json:
        print_json(found)
    else:
        show(findings_screen(found))
    bad = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    raise typer.Exit(Exit.FINDINGS if any(each.severity in bad for each in found.findings) else Exit.OK)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (status, stats, doctor):
        app.command(rich_help_panel="See")(command)
