"""A worker drains until nothing due is left."""

import time
from collections import Counter

import pytest

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.context import JobContext
from lib.queue.enqueue import NewJob, enqueue
from lib.queue.outcome import Completed, Outcome
from lib.queue.registry import JobType, registered
from tests.worker.working import Db, MakeWorker, Numbered, add_jobs, ended, single, statuses, succeed

LIKE_SYNCS = 2500


async def test_thousands_of_like_syncs_in_one_invocation(
    db: Db, make_worker: MakeWorker, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the real handler: there is no fixed number of jobs, and each stored count becomes the real one."""
    db.execute("insert into public.posts_new (likes) select 7 from generate_series(1, %s)", (LIKE_SYNCS,))
    db.execute(
        "insert into public.post_ratings (post_id, session_id)"
        " select id, 'session-of-the-test-' || n from public.posts_new cross join generate_series(1, 2) as n"
    )
    db.execute("update public.background_jobs set scheduled_for = now()")
    worker = make_worker(registered["sync_like_count"])
    started = time.monotonic()
    report = await worker.run()
    seconds = time.monotonic() - started
    with capsys.disabled():
        print(f"\n{report.endings['completed']} like syncs in one invocation of {seconds:.2f} s")
    assert (report.claimed, report.endings, report.stop_reason) == (LIKE_SYNCS, {"completed": LIKE_SYNCS}, "empty")
    assert statuses(db) == {"completed": LIKE_SYNCS}
    assert db.execute("select distinct likes from public.posts_new").fetchall() == [{"likes": 2}]
    assert len(report.results) == 100


async def test_all_types_are_drained(db: Db, make_worker: MakeWorker) -> None:
    """Far more jobs than slots."""
    add_jobs(db, "send_notification", 150)
    add_jobs(db, "process_image", 150)
    report = await make_worker(single("send_notification", succeed), single("process_image", succeed)).run()
    assert statuses(db) == {"completed": 300}
    assert (report.processed, report.stop_reason) == (300, "empty")
    assert Counter(each.job_type for each in report.results).total() == 100


async def test_an_empty_queue_is_a_success(make_worker: MakeWorker) -> None:
    """The usual state."""
    report = await make_worker(single("send_notification", succeed)).run()
    assert (report.claimed, report.processed, report.stop_reason) == (0, 0, "empty")
    assert report.duration_ms < 3000


async def test_a_run_tells_which_types_it_can_do(db: Db, make_worker: MakeWorker) -> None:
    """So that health can name the types that nobody claims."""
    await make_worker(single("send_notification", succeed)).run()
    (row,) = db.execute("select known_types from public.worker_runs").fetchall()
    assert row["known_types"] == ["send_notification"]


async def test_jobs_that_jobs_enqueue_run_in_the_same_invocation(db: Db, make_worker: MakeWorker) -> None:
    """A thumbnail need not wait for the next tick."""

    async def enqueue_another(request: Numbered, context: JobContext) -> Outcome:
        payload = registered["generate_thumbnail"].payload.model_validate({"image_url": "https://a.co/", "sizes": [1]})
        await enqueue(context.database, NewJob(payload))
        return Completed({"n": request.n})

    thumbnail = registered["generate_thumbnail"]
    add_jobs(db, "process_image", 3)
    report = await make_worker(
        single("process_image", enqueue_another),
        JobType(thumbnail.name, thumbnail.payload, thumbnail.policy, succeed),
    ).run()
    assert report.endings == {"completed": 6}
    assert Counter(row["job_type"] for row in ended(db)) == {"process_image": 3, "generate_thumbnail": 3}


async def test_what_is_not_due_waits(db: Db, make_worker: MakeWorker) -> None:
    """And so does a paused type."""
    add_jobs(db, "send_notification")
    db.execute("update public.background_jobs set scheduled_for = now() + interval '1 hour'")
    add_jobs(db, "process_image")
    db.execute("select public.pause_job_type('process_image')")
    types = [single("send_notification", succeed), single("process_image", succeed)]
    assert (await make_worker(*types).run()).claimed == 0
    db.execute("select public.resume_job_type('process_image')")
    assert (await make_worker(*types).run()).endings == {"completed": 1}


async def test_a_handler_knows_its_job(db: Db, make_worker: MakeWorker) -> None:
    """Its id to make what it does safe to repeat, the attempt, and the time that is left."""
    (job_id,) = add_jobs(db, "send_notification")
    seen = []

    async def look(_request: Numbered, context: JobContext) -> Outcome:
        seen.append((str(context.job.id), context.job.attempts, context.job.is_last_attempt))
        assert 0 < context.remaining_s() <= 2
        return Completed()

    await make_worker(single("send_notification", look)).run()
    assert seen == [(job_id, 1, False)]


@pytest.mark.parametrize("isolated", [False, True])
async def test_a_lease_lasts_as_long_as_the_type_s_policy_says(db: Db, make_worker: MakeWorker, isolated: bool) -> None:
    """At least: a job that is claimed together with another type's has the longer of both."""
    add_jobs(db, "send_notification", isolated=isolated)
    lasts: list[float] = []

    async def work(_request: Numbered, _context: JobContext) -> Outcome:
        (row,) = db.execute(
            "select extract(epoch from lease_expires_at - started_at)::float as lease_s from public.background_jobs"
        ).fetchall()
        lasts.append(row["lease_s"])
        return Completed()

    for others in (20, 120):
        types = single("send_notification", work, lease_s=60), single("process_image", succeed, lease_s=others)
        assert (await make_worker(*types).run()).endings == {"completed": 1}
        add_jobs(db, "send_notification", isolated=isolated)
    assert lasts == [60, 120]
