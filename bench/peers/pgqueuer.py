"""PgQueuer as an adapter: asyncpg, its own autovacuum settings, batched dequeue, uvloop."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from bench.adapter import calls, database_url, serve


async def driver() -> AsyncpgDriver:
    """Its driver, over one connection."""
    return AsyncpgDriver(await asyncpg.connect(database_url()))


def timed(enqueue: Callable[[Queries], Awaitable[None]]) -> float:
    """Connect, then measure."""

    async def run() -> float:
        queries = Queries(await driver())
        started = time.perf_counter()  # uvloop's own clock counts milliseconds
        await enqueue(queries)
        return time.perf_counter() - started

    took: float = uvloop.run(run())
    return took


class PgQueuerAdapter:
    """enqueue, alone and with lists."""

    def set_up(self) -> None:
        """Install it, as its command line does."""

        async def install() -> None:
            queries = Queries(await driver())
            await queries.install()
            await queries.optimize_autovacuum()

        uvloop.run(install())

    def enqueue_one(self, jobs: int) -> float:
        """One call for each job."""

        async def enqueue(queries: Queries) -> None:
            for number in range(jobs):
                await queries.enqueue("noop", b"%d" % number)

        return timed(enqueue)

    def enqueue_many(self, jobs: int) -> float:
        """Lists of BULK jobs."""

        async def enqueue(queries: Queries) -> None:
            for numbers in calls(jobs):
                payloads = [b"%d" % number for number in numbers]
                await queries.enqueue(["noop"] * len(payloads), payloads, [0] * len(payloads))

        return timed(enqueue)

    def work(self, batch: int, wait_for_go: Callable[[], None]) -> None:
        """Run until standard input ends."""
        uvloop.run(_work(batch, wait_for_go))


async def _work(batch: int, wait_for_go: Callable[[], None]) -> None:
    worker = PgQueuer(await driver())

    async def noop(_job: Any) -> None:
        pass

    worker.entrypoint("noop")(noop)
    wait_for_go()
    running = asyncio.create_task(worker.run(batch_size=batch))
    await asyncio.to_thread(sys.stdin.read)
    worker.shutdown.set()
    await running


if __name__ == "__main__":
    serve(PgQueuerAdapter())
