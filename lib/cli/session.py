"""One command's talk with the queue: open, ask, close, and turn what goes wrong into words and an exit code."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import typer

from lib.cli.backend import Backend
from lib.cli.connection import Connection, Way, from_this_process
from lib.cli.console import err, fail, tell
from lib.cli.problems import EXPECTED, BadUsage, Exit, exit_code, explain
from lib.logs import configure_logs


@dataclass(frozen=True, slots=True)
class Options:
    """What is given before the command."""

    url: str | None
    env_file: Path | None
    way: Way | None

    def connection(self) -> Connection:
        """Decide which queue; say so when it was not said."""
        connection = from_this_process(self.url, self.env_file, self.way)
        if connection.note:
            tell(connection.note)
        return connection


def talk[T](context: typer.Context, work: Callable[[Backend], Awaitable[T]]) -> T:
    """Do a command's work with an open backend, and return its result.

    Raises:
        typer.Exit: with a code other than 0, after the reason was told.
    """
    options: Options = context.obj
    connection = guarded(options.connection)

    async def run() -> T:
        backend = connection.open()
        try:
            return await work(backend)
        finally:
            await backend.aclose()

    quieten_logs()
    return guarded(lambda: asyncio.run(run()), connection)


def guarded[T](work: Callable[[], T], connection: Connection | None = None) -> T:
    """Do it, and turn an expected problem into words and an exit code. connection: what is asked meanwhile."""
    try:
        return work()
    except EXPECTED as problem:
        for line in explain(problem):
            fail(line)
        if connection is not None and exit_code(problem) == Exit.UNREACHABLE:
            tell(f"→ {connection.advice}")
        raise typer.Exit(exit_code(problem)) from None
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None


def quieten_logs() -> None:
    """Keep the services' log out of answers: what matters here is in the answer or in the error."""
    configure_logs()
    logging.getLogger("suplatzigram").setLevel(logging.CRITICAL)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is changed.

    Raises:
        BadUsage: nobody is there to answer.
        typer.Exit: the answer is no.
    """
    if yes:
        return
    if not err.is_terminal:
        raise BadUsage(f"{question} Add --yes: nobody is here to answer")
    if not typer.confirm(question, err=True):
        tell("nothing was changed")
        raise typer.Exit(Exit.REFUSED)
