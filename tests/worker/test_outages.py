"""Supabase that answers late, not at all, or once too few: no job is lost, and none is counted twice."""

import asyncio
import time
from collections import Counter

import pytest

import lib.jobs  # noqa: F401 - registers the types
from lib.errors import DatabaseTimeout, DatabaseUnavailable
from lib.model import Row
from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from lib.queue.registry import registered
from tests.conftest import Connect
from tests.worker.faults import Faults
from tests.worker.working import (
    Db,
    MakeWorker,
    Numbered,
    active,
    add_jobs,
    ended,
    make_due,
    single,
    statuses,
    succeed,
)


async def test_a_settle_whose_reply_was_lost_is_repeated(db: Db, make_worker: MakeWorker, faults: Faults) -> None:
    """The database answers `already`; the fate is counted once, and the handler is not run again."""
    add_jobs(db, "send_notification", 10)
    ran: Counter[int] = Counter()

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        ran[request.n] += 1
        if ran.total() == 10:
            faults.lose_reply("settle_and_claim")
        return Completed()

    report = await make_worker(single("send_notification", work)).run()
    assert set(ran.values()) == {1}
    assert (report.endings, report.processed) == ({"completed": 10}, 10)
    assert statuses(db) == {"completed": 10}
    assert {row["attempts"] for row in ended(db)} == {1}


async def test_a_retry_whose_reply_was_lost_is_counted_once(db: Db, make_worker: MakeWorker, faults: Faults) -> None:
    """The job is pending again with one attempt, not two."""
    add_jobs(db, "send_notification")

    async def work(_request: Numbered, _context: JobContext) -> Outcome:
        faults.lose_reply("settle_and_claim", 2)
        faults.lose_reply("settle_jobs", 2)
        raise ValueError("no")

    report = await make_worker(single("send_notification", work)).run()
    assert report.endings == {"retried": 1}
    (row,) = active(db)
    assert (row["attempts"], row["error_message"]) == (1, "ValueError: no")


async def test_a_claim_whose_reply_was_lost_leases_no_second_batch(
    db: Db, make_worker: MakeWorker, faults: Faults
) -> None:
    """It is repeated under its id and returns the first batch: a second one would leave the first to be rescued."""
    add_jobs(db, "send_notification", 100)
    faults.lose_reply("settle_and_claim", 1)
    report = await make_worker(single("send_notification", succeed), concurrency=10).run()
    assert report.endings == {"completed": 100}
    assert statuses(db) == {"completed": 100}
    assert {row["attempts"] for row in ended(db)} == {1}


async def test_jobs_that_a_lost_reply_claimed_run_later(db: Db, make_worker: MakeWorker, faults: Faults) -> None:
    """Nobody knows of them: their lease ends, and a later run takes them back with no attempt spent."""
    add_jobs(db, "send_notification", 3)
    faults.lose_reply("settle_and_claim", 2)
    with pytest.raises(DatabaseUnavailable):
        await make_worker(single("send_notification", succeed)).run()
    assert statuses(db) == {"processing": 3}
    for _ in range(2):
        make_due(db)
        await make_worker(single("send_notification", succeed)).run()
    assert statuses(db) == {"completed": 3}
    assert {row["attempts"] for row in ended(db)} == {1}


@pytest.mark.parametrize("function", ["start_worker_run", "rescue_expired_jobs", "due_schedules", "settle_and_claim"])
async def test_a_call_that_fails_is_an_error_and_no_empty_queue(
    db: Db, make_worker: MakeWorker, faults: Faults, function: str
) -> None:
    """The route makes 503 of it, so that Vercel's logs and monitors see it; no job is touched."""
    add_jobs(db, "send_notification")
    faults.refuse(function)
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable) as raised:
        await make_worker(single("send_notification", succeed)).run()
    assert raised.value.function == function
    assert time.monotonic() - started < 4
    assert statuses(db) == {"pending": 1}
    stops = [row["stop_reason"] for row in db.execute("select stop_reason from public.worker_runs").fetchall()]
    assert stops == ([] if function == "start_worker_run" else ["error"])


async def test_one_claim_may_fail(db: Db, make_worker: MakeWorker, faults: Faults) -> None:
    """A lost connection is no outage."""
    add_jobs(db, "send_notification", 3)

    faults.refuse("settle_and_claim", times=1)
    report = await make_worker(single("send_notification", succeed)).run()
    assert report.endings == {"completed": 3}


@pytest.mark.parametrize(
    "how",
    [
        "revoke execute on function public.settle_and_claim from service_role",
        "alter function queue_private.claim_batch rename to claim_batch_no_more",
    ],
)
async def test_a_claim_that_is_refused_is_an_error_and_no_empty_queue(
    db: Db, make_worker: MakeWorker, how: str
) -> None:
    """A migration that is missing, or a wrong key: the worker must not report that all is well."""
    add_jobs(db, "send_notification")
    db.execute(how.encode())
    with pytest.raises(DatabaseUnavailable, match="refused"):
        await make_worker(single("send_notification", succeed)).run()


async def test_what_ran_is_settled_when_the_database_comes_back(
    db: Db, make_worker: MakeWorker, faults: Faults
) -> None:
    """A short outage in the middle of a run costs no attempt and no second run of a job."""
    add_jobs(db, "send_notification", 30)
    ran: Counter[int] = Counter()

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        ran[request.n] += 1
        if ran.total() == 15:
            faults.be_down(1.2)
        return Completed()

    report = await make_worker(single("send_notification", work), concurrency=15).run()
    assert statuses(db) == {"completed": 30}
    assert report.endings == {"completed": 30}
    assert set(ran.values()) == {1}


async def test_an_outage_that_lasts_is_an_error_in_time(db: Db, make_worker: MakeWorker, faults: Faults) -> None:
    """The invocation ends before the platform kills it, slow jobs included, and the jobs run again later."""
    add_jobs(db, "send_notification", 5)
    slow_ended = False

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        nonlocal slow_ended
        if request.n == 0:
            await asyncio.sleep(1)
            slow_ended = True
        faults.be_down()
        return Completed()

    started = time.monotonic()
    with pytest.raises((DatabaseUnavailable, DatabaseTimeout)):
        await make_worker(single("send_notification", work, timeout_s=1.5), budget_ms=3000, deadline_in_s=5.0).run()
    assert time.monotonic() - started < 5
    assert slow_ended
    assert statuses(db) == {"processing": 5}
    assert {row["attempts"] for row in active(db)} == {1}


async def test_no_failed_job_comes_of_a_failed_settle(db: Db, make_worker: MakeWorker, faults: Faults) -> None:
    """The job did what it should: when nobody could be told, it runs again, and has not failed."""
    add_jobs(db, "send_notification", max_attempts=1)

    async def work(_request: Numbered, _context: JobContext) -> Outcome:
        faults.refuse("settle_and_claim", "settle_jobs")
        return Completed()

    with pytest.raises(DatabaseUnavailable):
        await make_worker(single("send_notification", work, timeout_s=1), budget_ms=2500, deadline_in_s=4.0).run()
    (row,) = active(db)
    assert (row["status"], row["error_message"]) == ("processing", None)


async def test_a_job_whose_own_call_finds_the_database_down_spends_no_attempt(
    db: Db, make_worker: MakeWorker, faults: Faults
) -> None:
    """No attempt could have succeeded."""
    add_jobs(db, "send_notification", max_attempts=1)

    async def work(_request: Numbered, context: JobContext) -> Outcome:
        await context.database.rpc("queue_health", Row)
        return Completed()

    faults.refuse("queue_health")
    report = await make_worker(single("send_notification", work)).run()
    (row,) = active(db)
    assert (report.endings, row["status"], row["attempts"]) == ({"retried": 1}, "pending", 0)


async def test_a_sync_that_meets_a_locked_table_spends_no_attempt(
    db: Db, connect: Connect, make_worker: MakeWorker
) -> None:
    """A migration or a truncate holds the ratings for long: the batch waits two seconds, once, and is tried later."""
    db.execute(
        "select public.enqueue_job('sync_like_count', jsonb_build_object('post_id', gen_random_uuid()),"
        " max_attempts => 2) from generate_series(1, 8)"
    )
    holder = connect(autocommit=False)
    holder.execute("lock table public.post_ratings in access exclusive mode")
    report = await make_worker(registered["sync_like_count"]).run()
    assert report.endings == {"retried": 8}
    assert {(row["status"], row["attempts"]) for row in active(db)} == {("pending", 0)}
    assert "lock timeout" in active(db)[0]["error_message"]
    holder.rollback()
    make_due(db)
    assert (await make_worker(registered["sync_like_count"]).run()).endings == {"completed": 8}
