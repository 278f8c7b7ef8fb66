"""Procrastinate as an adapter: an async task, an async worker, batch_defer_async."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from procrastinate import App, PsycopgConnector

from bench.adapter import calls, database_url, serve

CONCURRENCY = 4


async def _noop(number: int) -> None:
    """Do nothing."""


app = App(connector=PsycopgConnector(conninfo=database_url(), min_size=1, max_size=CONCURRENCY + 2))
noop = app.task(name="noop")(_noop)


def timed(enqueue: Callable[[], Awaitable[None]]) -> float:
    """Connect, then measure."""

    async def run() -> float:
        async with app.open_async():
            started = time.perf_counter()
            await enqueue()
            return time.perf_counter() - started

    return asyncio.run(run())


class Procrastinate:
    """defer_async and batch_defer_async."""

    def set_up(self) -> None:
        """Apply its schema."""
        timed(app.schema_manager.apply_schema_async)

    def enqueue_one(self, jobs: int) -> float:
        """By defer_async."""

        async def enqueue() -> None:
            for number in range(jobs):
                await noop.defer_async(number=number)

        return timed(enqueue)

    def enqueue_many(self, jobs: int) -> float:
        """By batch_defer_async."""

        async def enqueue() -> None:
            for numbers in calls(jobs):
                await noop.batch_defer_async(*({"number": number} for number in numbers))

        return timed(enqueue)

    def work(self, batch: int, wait_for_go: Callable[[], None]) -> None:  # noqa: ARG002 - it claims one by one
        """Run until standard input ends."""
        asyncio.run(_work(wait_for_go))


async def _work(wait_for_go: Callable[[], None]) -> None:
    async with app.open_async():
        wait_for_go()
        running = asyncio.create_task(app.run_worker_async(concurrency=CONCURRENCY, install_signal_handlers=False))
        await asyncio.to_thread(sys.stdin.read)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


if __name__ == "__main__":
    serve(Procrastinate())
