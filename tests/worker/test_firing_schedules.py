"""Recurring jobs are enqueued once a slot, however many runs overlap."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from lib.queue.deadline import Deadline
from lib.queue.schedules import fire_due_schedules
from lib.queue.store import Store
from lib.resources import Resources
from tests.conftest import Connect
from tests.worker.working import Db, MakeWorker, active, add_jobs, single, statuses, succeed


@pytest.fixture
def hourly(db: Db) -> None:
    """The one schedule of these tests, due for three hours."""
    db.execute("delete from public.job_schedules")
    db.execute(
        "insert into public.job_schedules (name, job_type, cron_expression, next_run_at) values"
        " ('hourly', 'send_notification', '0 * * * *', date_trunc('hour', now()) - interval '3 hours')"
    )


@pytest.mark.usefixtures("hourly")
async def test_overlapping_runs_fire_a_slot_once(db: Db, make_worker: MakeWorker) -> None:
    """And the slots that were missed are one."""
    workers = [make_worker(single("send_notification", succeed)) for _ in range(5)]
    reports = await asyncio.gather(*(worker.run() for worker in workers))
    assert sum(report.scheduled for report in reports) == 1
    assert sum(report.endings["completed"] for report in reports) == 1
    (schedule,) = db.execute(
        "select last_slot = date_trunc('hour', now()) - interval '3 hours' as fired,"
        " next_run_at > now() and next_run_at <= now() + interval '1 hour' as planned from public.job_schedules"
    ).fetchall()
    assert schedule == {"fired": True, "planned": True}
    (key,) = db.execute("select idempotency_key from public.job_history").fetchall()
    assert key["idempotency_key"].startswith("schedule:hourly:20")


@pytest.mark.usefixtures("hourly")
async def test_a_new_schedule_is_planned_and_not_fired(db: Db, make_worker: MakeWorker) -> None:
    """Its first slot is the next one."""
    db.execute("update public.job_schedules set next_run_at = null")
    report = await make_worker(single("send_notification", succeed)).run()
    assert (report.scheduled, statuses(db)) == (0, {})
    assert db.execute("select next_run_at > now() as planned from public.job_schedules").fetchall() == [
        {"planned": True}
    ]


@pytest.mark.usefixtures("hourly")
@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("cron_expression", "0 25 * * *", "cron_expression: '0 25 * * *' is not a schedule"),
        ("timezone", "Mars/Olympus", "timezone: 'Mars/Olympus' is not a time zone"),
    ],
)
async def test_a_schedule_that_cannot_be_planned_holds_back_nothing(
    db: Db, make_worker: MakeWorker, column: str, value: str, error: str
) -> None:
    """Neither another schedule nor the queue; what is wrong is on its row until it is right."""
    db.execute(
        "insert into public.job_schedules (name, job_type, cron_expression, next_run_at)"
        " select 'another', job_type, cron_expression, next_run_at from public.job_schedules"
    )
    bad = {"cron_expression": "0 * * * *", "timezone": "UTC"} | {column: value}
    db.execute(
        "update public.job_schedules set cron_expression = %(cron_expression)s, timezone = %(timezone)s"
        " where name = 'hourly'",
        bad,
    )
    worker_type = single("send_notification", succeed)
    assert (await make_worker(worker_type).run()).endings == {"completed": 1}
    (row,) = db.execute("select last_error from public.job_schedules where name = 'hourly'").fetchall()
    assert row["last_error"] == error
    db.execute("update public.job_schedules set cron_expression = '0 * * * *', timezone = 'UTC'")
    # Planned from now on: the slot of the old expression is not made up for.
    assert (await make_worker(worker_type).run()).scheduled == 0
    (row,) = db.execute(
        "select last_error, next_run_at > now() as is_planned from public.job_schedules where name = 'hourly'"
    ).fetchall()
    assert (row["last_error"], row["is_planned"]) == (None, True)


@pytest.mark.usefixtures("hourly")
async def test_a_reply_that_was_lost_fires_no_second_job(db: Db, resources: Resources) -> None:
    """The slot is the fence: whoever comes second changes nothing."""
    store = Store(resources.database, "w")
    (seen,) = await store.due_schedules()
    assert await fire_due_schedules(store, Deadline.start(time.monotonic, 8000, None)) == 1
    assert await store.fire_schedule("hourly", seen.next_run_at, datetime(2100, 1, 1, tzinfo=UTC)) is None
    assert len(active(db)) == 1


@pytest.mark.usefixtures("hourly")
async def test_a_schedule_that_an_operator_holds_holds_back_no_run(
    db: Db, connect: Connect, make_worker: MakeWorker
) -> None:
    """A transaction left open over one row: its slot waits, and everything else goes on."""
    operator = connect(autocommit=False)
    operator.execute("update public.job_schedules set priority = 1")
    add_jobs(db, "send_notification")
    started = time.monotonic()
    report = await make_worker(single("send_notification", succeed)).run()
    assert (report.scheduled, report.endings) == (0, {"completed": 1})
    assert time.monotonic() - started < 2
    operator.commit()
    assert (await make_worker(single("send_notification", succeed)).run()).scheduled == 1


@pytest.mark.usefixtures("hourly")
async def test_when_the_time_for_work_is_over_a_slot_waits(db: Db, resources: Resources) -> None:
    """Many slow schedules must not outlast the run."""
    store, now = Store(resources.database, "w"), time.monotonic()
    over = Deadline(work_ends_at=now, calls_end_at=now + 3, clock=time.monotonic)
    assert await fire_due_schedules(store, over) == 0
    assert await fire_due_schedules(store, Deadline(now + 3, now + 3, time.monotonic)) == 1
