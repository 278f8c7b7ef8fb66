"""The end of the time budget: what no longer fits is not claimed, what was claimed and not started is released."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from lib.errors import JobFailure
from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from lib.queue.registry import BatchOutcome
from tests.worker.faults import Faults
from tests.worker.working import (
    Clock,
    Db,
    ForPost,
    MakeWorker,
    Numbered,
    active,
    add_jobs,
    batch,
    ended,
    single,
    statuses,
    succeed,
)


async def test_types_that_do_not_fit_are_not_claimed(db: Db, make_worker: MakeWorker) -> None:
    """Those that do are drained all the same, and the reply says that there may be more."""
    add_jobs(db, "process_image", 3)
    add_jobs(db, "send_notification", 3, first=3)
    report = await make_worker(
        single("process_image", succeed, timeout_s=5), single("send_notification", succeed, timeout_s=1), budget_ms=3000
    ).run()
    assert [(row["job_type"], row["attempts"], row["worker_id"]) for row in active(db)] == [
        ("process_image", 0, None)
    ] * 3
    assert (report.endings, report.claimed, report.stop_reason) == ({"completed": 3}, 3, "budget")


async def test_no_job_is_started_that_would_outlive_the_budget(db: Db, make_worker: MakeWorker) -> None:
    """So the invocation ends in time however many jobs there are, and all that ran is settled."""
    add_jobs(db, "send_notification", 60)

    async def work(_request: Numbered, _context: JobContext) -> Outcome:
        await asyncio.sleep(0.4)
        return Completed()

    started = time.monotonic()
    worker = make_worker(single("send_notification", work, timeout_s=1), budget_ms=2500, concurrency=5)
    report = await worker.run()
    assert time.monotonic() - started < 4
    assert report.stop_reason == "budget"
    assert 5 <= report.endings["completed"] <= 25
    assert statuses(db) == {"completed": report.endings["completed"], "pending": 60 - report.endings["completed"]}
    assert {row["attempts"] for row in active(db)} == {0}


async def test_the_platforms_deadline_ends_the_budget(db: Db, make_worker: MakeWorker) -> None:
    """When it comes before WORKER_BUDGET_MS has passed: a late start must not be killed."""
    add_jobs(db, "send_notification")
    report = await make_worker(single("send_notification", succeed, timeout_s=2), deadline_in_s=3.0).run()
    assert (report.claimed, report.stop_reason) == (0, "budget")
    report = await make_worker(single("send_notification", succeed, timeout_s=2), deadline_in_s=6.0).run()
    assert (report.claimed, report.stop_reason) == (1, "empty")


async def test_what_was_claimed_and_not_started_is_released(db: Db, make_worker: MakeWorker, faults: Faults) -> None:
    """The claim took so long that nothing fits any more: the attempt is given back, and the job is due at once."""
    add_jobs(db, "send_notification", 7)
    clock = Clock()
    ran = []

    def be_slow(function: str) -> None:
        if function == "settle_and_claim" and not clock.ahead:
            clock.ahead = 7.5

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        ran.append(request.n)
        return Completed()

    faults.after = be_slow
    report = await make_worker(single("send_notification", work, timeout_s=2), clock=clock).run()
    assert ran == []
    assert (report.claimed, report.endings, report.processed) == (7, {"released": 7}, 0)
    assert [(row["status"], row["attempts"], row["claim_token"]) for row in active(db)] == [("pending", 0, None)] * 7
    assert all(row["waits_s"] < 0 for row in active(db))
    assert (await make_worker(single("send_notification", work)).run()).endings == {"completed": 7}
    assert {row["attempts"] for row in ended(db)} == {1}


async def test_half_of_a_split_batch_that_no_longer_fits_is_released(db: Db, make_worker: MakeWorker) -> None:
    """Looking for the culprit of a batch takes no longer than the budget."""
    add_jobs(db, "sync_like_count", 8)
    clock = Clock()

    async def work(_requests: Sequence[ForPost], _context: JobContext) -> Sequence[BatchOutcome]:
        clock.ahead += 7
        raise JobFailure("no")

    report = await make_worker(batch(work, size=8), clock=clock).run()
    assert report.endings == {"released": 8}
    assert {(row["status"], row["attempts"]) for row in active(db)} == {("pending", 0)}


async def test_a_queue_that_is_empty_at_the_end_is_empty(db: Db, make_worker: MakeWorker, faults: Faults) -> None:
    """Although there is no time left for a type that has no jobs; when the database does not say so, it is unknown."""
    types = [single("send_notification", succeed, timeout_s=1), single("process_image", succeed, timeout_s=6)]
    add_jobs(db, "send_notification", 3)
    assert (await make_worker(*types, budget_ms=3000).run()).stop_reason == "empty"
    add_jobs(db, "process_image")
    assert (await make_worker(*types, budget_ms=3000).run()).stop_reason == "budget"
    db.execute("update public.background_jobs set scheduled_for = now() + interval '1 hour'")
    assert (await make_worker(*types, budget_ms=3000).run()).stop_reason == "empty"
    faults.refuse("queue_health")
    assert (await make_worker(*types, budget_ms=3000).run()).stop_reason == "budget"


async def test_each_run_leaves_a_row(db: Db, make_worker: MakeWorker) -> None:
    """With its trigger, its counts and why it stopped; a run that was killed lacks the end."""
    add_jobs(db, "send_notification", 2)
    add_jobs(db, "process_image", first=2)
    types = [single("send_notification", succeed), single("process_image", succeed, timeout_s=5)]
    report = await make_worker(*types, budget_ms=3000, trigger="cron").run()
    (run,) = db.execute("select *, finished_at > started_at as in_order from public.worker_runs").fetchall()
    assert (run["worker_id"], run["trigger"], run["budget_ms"]) == (report.worker_id, "cron", 3000)
    assert (run["stop_reason"], run["in_order"]) == ("budget", True)
    assert run["counts"] == report.counts()
    assert {name: count for name, count in run["counts"].items() if count} == {
        "processed": 2,
        "claimed": 2,
        "completed": 2,
    }


async def test_a_budget_into_which_a_type_never_fits_is_told(
    db: Db, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    """Its jobs would wait for ever, and nobody would know why."""
    types = [single("send_notification", succeed, timeout_s=1), single("process_image", succeed, timeout_s=6)]
    await make_worker(*types, budget_ms=6000).run()
    assert "run.budget_too_small" not in caplog.text
    await make_worker(*types, budget_ms=5999).run()
    assert "run.budget_too_small" in caplog.text
