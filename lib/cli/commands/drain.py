"""drain: the worker as a process that stays, for those who have a container. Its log is that of the functions."""

import asyncio
import signal
from typing import Annotated

import typer

from lib.cli.connection import Connection
from lib.cli.console import tell
from lib.cli.problems import BadUsage
from lib.cli.session import Options, guarded
from lib.cli.words import plural
from lib.cli.working import Drain, Drained
from lib.logs import log_event
from lib.resources import Resources
from lib.settings import Settings


def drain(
    context: typer.Context,
    until_empty: Annotated[bool, typer.Option("--until-empty", help="End when nothing is due any more.")] = False,
    poll_seconds: Annotated[
        float, typer.Option("--poll", min=0.1, max=60, help="Seconds between two looks for due jobs.")
    ] = 1,
) -> None:
    """Run the worker here, directly on Supabase, until SIGTERM or Ctrl-C.

    Then it claims nothing more, lets what runs end, settles it, and ends with code 0.
    """
    options: Options = context.obj
    connection = guarded(lambda: _direct(options))
    drained = guarded(lambda: asyncio.run(_drain(connection, poll_seconds, until_empty=until_empty)), connection)
    tell(f"stopped after {plural(drained.runs, 'run')} and {plural(drained.jobs, 'job')}")


def _direct(options: Options) -> Connection:
    if options.way == "http" or options.url is not None:
        raise BadUsage("drain works on Supabase directly: it needs SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY")
    return Options(None, options.env_file, "direct").connection()


async def _drain(connection: Connection, poll_s: float, *, until_empty: bool) -> Drained:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stopping)
    resources = Resources.open(Settings.load(connection.environment))
    try:
        return await Drain(resources, stopping, poll_s).run(until_empty=until_empty)
    finally:
        await resources.aclose()


def _stop(stopping: asyncio.Event) -> None:
    log_event("drain.stopping")
    stopping.set()


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(rich_help_panel="Work")(drain)
