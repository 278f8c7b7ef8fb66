"""All commands, and what is given before them."""

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from lib.cli.commands import acting, drain, enqueue, health, jobs, journal, schedules, tick, types
from lib.cli.problems import BadUsage
from lib.cli.session import Options, guarded
from lib.version import VERSION

app = typer.Typer(
    name="queue",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine, 1 something is wrong with the queue, 2 usage, 3 not reachable, 4 refused, 5 not found.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def before(
    context: typer.Context,
    *,
    url: Annotated[str | None, typer.Option("--url", help="Where the queue is. Else QUEUE_URL.")] = None,
    env_file: Annotated[Path | None, typer.Option("--env-file", help="Read the variables from this file.")] = None,
    http: Annotated[bool, typer.Option("--http", help="Over HTTP: QUEUE_URL and ADMIN_API_TOKEN.")] = False,
    direct: Annotated[
        bool, typer.Option("--direct", help="Directly: SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY.")
    ] = False,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """See and mend the Suplatzigram queue.

    Set QUEUE_URL and ADMIN_API_TOKEN, or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY. docs/cli.md shows every command.
    """
    if http and direct:
        guarded(_refuse_both)
    context.obj = Options(url, env_file, "http" if http else "direct" if direct else None)


def _refuse_both() -> None:
    raise BadUsage("--http and --direct exclude each other")


for _part in (health, jobs, acting, types, enqueue, schedules, journal, tick, drain):
    _part.add_to(app)


def main() -> None:
    """Run the command line. What the terminal's encoding lacks is shown as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app(prog_name=os.environ.get("QUEUE_PROGRAM", "queue"))
