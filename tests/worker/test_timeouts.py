"""A job that takes too long fails, and holds back nobody."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from lib.queue.registry import BatchOutcome
from tests.worker.working import (
    Db,
    ForPost,
    MakeWorker,
    Numbered,
    active,
    add_jobs,
    batch,
    ended,
    make_due,
    single,
    statuses,
)


async def test_a_timeout_counts(db: Db, make_worker: MakeWorker) -> None:
    """The job had its whole time, so it is its own fault."""
    add_jobs(db, "send_notification", 3)

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        await asyncio.sleep(60 if request.n == 1 else 0)
        return Completed()

    report = await make_worker(single("send_notification", work, timeout_s=0.5)).run()
    (failed,) = active(db)
    assert (failed["attempts"], failed["error_message"]) == (1, "TimedOut: no end after 0.5 s")
    assert report.endings == {"completed": 2, "retried": 1}


async def test_a_cancelled_handler_may_clean_up(db: Db, make_worker: MakeWorker) -> None:
    """Close a connection, remove a file: shortly."""
    add_jobs(db, "send_notification")
    cleaned = False

    async def work(_request: Numbered, _context: JobContext) -> Outcome:
        nonlocal cleaned
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            cleaned = True
        return Completed()

    await make_worker(single("send_notification", work, timeout_s=0.3)).run()
    assert cleaned
    assert active(db)[0]["error_message"] == "TimedOut: no end after 0.3 s"


@pytest.mark.parametrize("ends_with", ["nothing", "an error", "a result"])
async def test_a_handler_that_ignores_its_cancellation_is_left_behind(
    db: Db, make_worker: MakeWorker, ends_with: str
) -> None:
    """The invocation goes on without it, and what it returns or raises later is nobody's business."""
    add_jobs(db, "send_notification", 3)
    stop = asyncio.Event()

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        while request.n == 1 and not stop.is_set():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if ends_with == "an error":
                    raise ValueError("cancelled") from None
                if ends_with == "a result":
                    return Completed()
        return Completed()

    started = time.monotonic()
    report = await make_worker(single("send_notification", work, timeout_s=0.3)).run()
    assert time.monotonic() - started < 3
    assert report.endings == {"completed": 2, "retried": 1}
    assert active(db)[0]["error_message"] == "TimedOut: no end after 0.3 s"
    stop.set()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if getattr(task.get_coro(), "__name__", "") == "work":
            task.cancel()


async def test_a_batch_has_one_timeout(db: Db, make_worker: MakeWorker) -> None:
    """It counts for each of its jobs, and the parts are not tried: that would take as long again."""
    add_jobs(db, "sync_like_count", 4)
    calls = 0

    async def work(_requests: Sequence[ForPost], _context: JobContext) -> Sequence[BatchOutcome]:
        nonlocal calls
        calls += 1
        await asyncio.sleep(60)
        return []

    report = await make_worker(batch(work, size=4, timeout_s=0.3)).run()
    assert (calls, report.endings) == (1, {"retried": 4})
    assert {row["attempts"] for row in active(db)} == {1}


async def test_one_job_that_hangs_kills_no_neighbour_in_its_batch(db: Db, make_worker: MakeWorker) -> None:
    """Its timeout counts for all; so each further attempt is in smaller company, and the last one alone."""
    add_jobs(db, "sync_like_count", 20)
    sizes: list[int] = []

    async def work(requests: Sequence[ForPost], _context: JobContext) -> Sequence[BatchOutcome]:
        sizes.append(len(requests))
        if any(request.n == 7 for request in requests):
            await asyncio.sleep(60)
        return [Completed() for _ in requests]

    for _ in range(3):
        await make_worker(batch(work, size=20, timeout_s=0.3)).run()
        make_due(db)
    assert sizes == [20] + [2] * 10 + [1, 1]
    assert statuses(db) == {"completed": 19, "dead": 1}
    assert {row["attempts"] for row in ended(db)} == {2, 3}
