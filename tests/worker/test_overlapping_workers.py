"""Vercel may deliver a tick twice, or start the next before the last has ended: each job runs once."""

import asyncio
from collections import Counter

import pytest

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from lib.queue.registry import registered
from tests.worker.working import Db, MakeWorker, Numbered, active, add_jobs, ended, make_due, single, statuses


@pytest.mark.parametrize("workers", [2, 5])
async def test_each_job_runs_once(db: Db, make_worker: MakeWorker, workers: int) -> None:
    """Claims skip what another has locked."""
    add_jobs(db, "send_notification", 400)
    ran: Counter[int] = Counter()

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        ran[request.n] += 1
        await asyncio.sleep(0.01)
        return Completed()

    job_type = single("send_notification", work)
    reports = await asyncio.gather(*(make_worker(job_type).run() for _ in range(workers)))
    assert ran == Counter(range(400))
    assert sum(report.endings["completed"] for report in reports) == 400
    assert sum(report.endings["stale"] for report in reports) == 0
    assert statuses(db) == {"completed": 400}
    assert {row["attempts"] for row in ended(db)} == {1}
    assert sum(report.claimed > 0 for report in reports) > 1


async def test_two_workers_make_the_same_counts_exact(db: Db, make_worker: MakeWorker) -> None:
    """Two syncs of one post wait for one another or run later, and both count everything."""
    db.execute("insert into public.posts_new (id) select gen_random_uuid() from generate_series(1, 20)")
    for n in range(10):
        db.execute(
            "insert into public.post_ratings (post_id, session_id) select id, 'session-of-the-test-' || %s"
            " from public.posts_new",
            (n,),
        )
        # Close the window, so that the next rating asks for a sync of its own.
        db.execute("update public.background_jobs set scheduled_for = now() - interval '1 minute'")
    assert len(active(db)) == 200
    sync = registered["sync_like_count"]
    while active(db):
        await asyncio.gather(*(make_worker(sync).run() for _ in range(3)))
        make_due(db)
    assert db.execute("select distinct likes from public.posts_new").fetchall() == [{"likes": 10}]
    assert statuses(db) == {"completed": 200}


async def test_a_late_settle_changes_nothing(db: Db, make_worker: MakeWorker) -> None:
    """The lease ran out, and another worker has the job: what the first one reports is stale."""
    add_jobs(db, "send_notification")

    async def work(_request: Numbered, _context: JobContext) -> Outcome:
        make_due(db)
        db.execute("select public.rescue_expired_jobs()")
        return Completed({"by": "the late one"})

    report = await make_worker(single("send_notification", work)).run()
    assert (report.endings, report.processed) == ({"stale": 1}, 0)
    assert report.results[0].ending == "stale"
    (row,) = active(db)
    assert (row["status"], row["isolated"], row["attempts"]) == ("pending", True, 0)
