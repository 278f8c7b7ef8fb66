"""A slow job holds back neither the settling of the others nor their slots."""

import asyncio
import time

from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from tests.worker.working import Db, MakeWorker, Numbered, add_jobs, batch, single, statuses

SLOW_S = 2.5


async def test_the_others_run_and_are_settled_meanwhile(db: Db, make_worker: MakeWorker) -> None:
    """With two slots, one of them taken for long, all others pass through the second."""
    add_jobs(db, "send_notification", 40)
    when_slow_ended: list[int] = []

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        if request.n == 0:
            await asyncio.sleep(SLOW_S)
            when_slow_ended.append(await asyncio.to_thread(lambda: statuses(db).get("completed", 0)))
        return Completed()

    report = await make_worker(single("send_notification", work, timeout_s=5), concurrency=2).run()
    assert when_slow_ended == [39]
    assert report.endings == {"completed": 40}


async def test_slots_are_used_in_parallel(db: Db, make_worker: MakeWorker) -> None:
    """Twenty jobs that wait take as long as one, and never more than the slots run at a time."""
    add_jobs(db, "send_notification", 30)
    running, most = 0, 0

    async def work(_request: Numbered, _context: JobContext) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.4)
        running -= 1
        return Completed()

    started = time.monotonic()
    await make_worker(single("send_notification", work), concurrency=10).run()
    assert most == 10
    assert time.monotonic() - started < 30 * 0.4 / 2
    assert statuses(db) == {"completed": 30}


async def test_what_becomes_due_meanwhile_is_not_held_back(db: Db, make_worker: MakeWorker) -> None:
    """Free slots look for jobs while a slow job runs."""
    add_jobs(db, "send_notification")
    quick_ended: list[float] = []
    slow_ended: list[float] = []

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        if request.n == 0:
            await asyncio.to_thread(add_jobs, db, "send_notification", 3, first=1)
            await asyncio.sleep(SLOW_S)
            slow_ended.append(time.monotonic())
        else:
            quick_ended.append(time.monotonic())
        return Completed()

    await make_worker(single("send_notification", work, timeout_s=5)).run()
    assert len(quick_ended) == 3
    assert max(quick_ended) < slow_ended[0] - 1


async def test_a_slow_batch_type_holds_back_no_other_type(db: Db, make_worker: MakeWorker) -> None:
    """Likes have slots of their own, and so have the others."""
    add_jobs(db, "send_notification", 5)
    add_jobs(db, "sync_like_count", 30)
    order: list[str] = []

    async def slow(requests: object, context: JobContext) -> list[Completed]:
        await asyncio.sleep(SLOW_S)
        order.append("slow")
        return [Completed() for _ in context.jobs]

    async def quick(_request: Numbered, _context: JobContext) -> Outcome:
        order.append("quick")
        return Completed()

    await make_worker(batch(slow, timeout_s=4), single("send_notification", quick)).run()
    assert order == ["quick"] * 5 + ["slow"]
    assert statuses(db) == {"completed": 35}
