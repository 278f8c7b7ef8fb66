"""What pg_cron and pg_net do in the background of a hosted project, for one database.

Their stand-ins in `extensions/` only keep what they are asked: jobs and requests are rows. While a
`Background` runs, due jobs are run and committed requests are sent. It serves the database in which
the rows are, so each test's clone can have its own.
"""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any, Self

import httpx
import psycopg
from anyio.from_thread import start_blocking_portal
from psycopg.rows import dict_row

from dev.supabase.address import DATABASE, Address
from dev.supabase.background.cron import Cron
from dev.supabase.background.net import Net
from dev.supabase.postgres import ADMIN

TURN_SECONDS = 0.2
INSTALLED = "select to_regclass('cron.job') as cron, to_regclass('net.http_request_queue') as net"

Connection = psycopg.AsyncConnection[dict[str, Any]]


class Background:
    """A context manager: from its start to its end, jobs run and requests are sent."""

    def __init__(self, address: Address, database: str = DATABASE) -> None:
        self._address, self._database = address, database
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            portal = undo.enter_context(start_blocking_portal())
            ending = portal.call(asyncio.Event)
            running = portal.start_task_soon(self._run, ending)
            undo.callback(running.result)
            undo.callback(portal.call, ending.set)
            self._exit = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    async def _run(self, ending: asyncio.Event) -> None:
        """Serve until `ending` is set. Raises whatever else ended it."""
        # Not cancelled through anyio, which cancels again and again: psycopg could not close its connections.
        serving = asyncio.ensure_future(self._serve())
        stopping = asyncio.ensure_future(ending.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, stopping):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    async def _serve(self) -> None:
        # Each request has a timeout of its own.
        async with httpx.AsyncClient(follow_redirects=True, trust_env=False, timeout=None) as http:  # noqa: S113
            while True:
                # Postgres is restarted, or gone: all that was under way there is over.
                with contextlib.suppress(psycopg.OperationalError):
                    await self._serve_while_connected(http)
                await asyncio.sleep(TURN_SECONDS)

    async def _serve_while_connected(self, http: httpx.AsyncClient) -> None:
        """Serve over one connection until it is lost, which raises OperationalError."""
        url = self._address.postgres_url(ADMIN, self._database)
        async with (
            await Connection.connect(url, autocommit=True, row_factory=dict_row) as database,
            asyncio.TaskGroup() as tasks,
        ):
            cron, net = Cron(self._address, self._database, tasks), Net(http, tasks)
            while True:
                installed = await (await database.execute(INSTALLED)).fetchone()
                if installed and installed["cron"]:
                    await cron.turn(database, datetime.now(UTC))
                if installed and installed["net"]:
                    await net.turn(database)
                await asyncio.sleep(TURN_SECONDS)
