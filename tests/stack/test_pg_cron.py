"""The stand-in for pg_cron runs what is due, when it is due, as pg_cron does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from dev.supabase import Address
from dev.supabase.background import Background
from dev.supabase.background.cron import NEVER, Cron, next_run
from tests.conftest import Connect
from tests.stack.rows import Db, count, value
from tests.stack.watching import wait_until

NOON = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("5 seconds", NOON + timedelta(seconds=5)),
        ("1 second", NOON + timedelta(seconds=1)),
        ("* * * * *", datetime(2026, 11, 26, 12, 1, tzinfo=UTC)),
        ("*/5 * * * *", datetime(2026, 11, 26, 12, 5, tzinfo=UTC)),
        ("0 3 * * mon", datetime(2026, 11, 30, 3, 0, tzinfo=UTC)),
        ("0 0 $ * *", datetime(2026, 11, 30, 0, 0, tzinfo=UTC)),
        ("@daily", datetime(2026, 11, 27, 0, 0, tzinfo=UTC)),
        ("@reboot", NEVER),
        ("0 0 30 2 *", NEVER),
    ],
)
def test_a_schedule_says_when(schedule: str, due: datetime) -> None:
    """pg_cron's syntax: the last day of a month is $, and seconds are counted from the last run."""
    assert next_run(schedule, NOON) == due


@pytest.mark.parametrize(
    "schedule",
    ["60 seconds", "every day", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "5/2 * * * *"],
)
def test_a_schedule_that_makes_no_sense_is_refused(db: Db, schedule: str) -> None:
    """When it is made, as pg_cron does, not when it would be due."""
    db.execute("create extension pg_cron")
    with pytest.raises(psycopg.errors.RaiseException, match="invalid schedule"):
        db.execute("select cron.schedule('bad', %s, 'select 1')", [schedule])


def test_a_scheduled_command_runs_when_it_is_due(background: Background, db: Db) -> None:
    """As the user who scheduled it, again and again, until it is unscheduled; each run is recorded."""
    db.execute("create table public.runs (username text, path text default current_setting('search_path'))")
    db.execute("select cron.schedule('count', '1 second', 'insert into runs values (current_user)')")
    wait_until(lambda: count(db, "public.runs") >= 2)
    db.execute("select cron.unschedule('count')")
    wait_until(lambda: count(db, "cron.job_run_details where status = 'running'") == 0)
    settings = {"username": "postgres", "path": value(db, "show search_path")}
    assert db.execute("select distinct * from public.runs").fetchall() == [settings]
    runs = db.execute("select status, return_message, end_time > start_time as ended from cron.job_run_details")
    expected = {"status": "succeeded", "return_message": "INSERT 0 1", "ended": True}
    assert all(row == expected for row in runs.fetchall())


def test_a_command_of_another_role_has_its_rights_only(background: Background, db: Db, connect: Connect) -> None:
    """Also of a role that cannot log in; never those of the superuser who runs it here."""
    db.execute("create table public.runs (username text, session text)")
    connect("admin").execute(
        "insert into cron.job (schedule, command, username) values"
        " ('1 second', 'insert into runs values (current_user, session_user)', 'service_role')"
    )
    wait_until(lambda: count(db, "public.runs") >= 1)
    row = db.execute("select * from public.runs").fetchone()
    assert row == {"username": "service_role", "session": "service_role"}


def test_a_command_that_fails_is_recorded_and_the_next_one_runs(background: Background, db: Db) -> None:
    """With Postgres's message."""
    db.execute("select cron.schedule('bad', '1 second', 'select 1 / 0')")
    db.execute("select cron.schedule('good', '1 second', 'select 1')")
    wait_until(lambda: count(db, "cron.job_run_details where status = 'succeeded'") >= 1)
    wait_until(lambda: count(db, "cron.job_run_details where status = 'failed'") >= 2)
    row = db.execute("select return_message from cron.job_run_details where status = 'failed'").fetchone()
    assert row
    assert row["return_message"].startswith("ERROR:  division by zero")
    row = db.execute("select return_message from cron.job_run_details where status = 'succeeded'").fetchone()
    assert row == {"return_message": "1 row"}


@pytest.fixture
async def cron(address: Address, project: dict[str, str], db: Db) -> AsyncIterator[Callable[[datetime], Any]]:
    """pg_cron by hand: one turn at a time, at the given moment."""
    db.execute("create extension pg_cron")
    url = project["DATABASE_ADMIN_URL"]
    async with (
        await psycopg.AsyncConnection[dict[str, Any]].connect(url, autocommit=True, row_factory=dict_row) as database,
        asyncio.TaskGroup() as tasks,
    ):
        running = Cron(address, url.rpartition("/")[2], tasks)

        async def turn(now: datetime) -> None:
            await running.turn(database, now)

        yield turn


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    await asyncio.to_thread(wait_until, condition)


async def test_a_job_does_not_overlap_itself(cron: Callable[[datetime], Any], db: Db, connect: Connect) -> None:
    """What comes due meanwhile, however often, runs once, when the run under way has ended."""
    blocker = connect(autocommit=False)
    blocker.execute("select pg_advisory_lock(1)")
    db.execute("select cron.schedule('slow', '5 seconds', 'select pg_advisory_lock_shared(1)')")
    await cron(NOON)
    for seconds in (5, 10, 15):
        await cron(NOON + timedelta(seconds=seconds))
        await until(lambda: count(db, "cron.job_run_details where status = 'running'") == 1)
    assert count(db, "cron.job_run_details") == 1
    blocker.execute("select pg_advisory_unlock(1)")
    await until(lambda: count(db, "cron.job_run_details where status = 'succeeded'") == 1)
    await until_idle(cron, db)
    assert count(db, "cron.job_run_details") == 2


async def until_idle(cron: Callable[[datetime], Any], db: Db) -> None:
    """Take turns at one moment until the run that was due has ended."""
    async with asyncio.timeout(20):
        while count(db, "cron.job_run_details where status = 'succeeded'") < 2:
            await cron(NOON + timedelta(seconds=16))
            await asyncio.sleep(0.01)


async def test_a_changed_schedule_begins_anew(cron: Callable[[datetime], Any], db: Db) -> None:
    """And an inactive job does not run at all. The other job shows that runs of the same turn have begun."""
    job = value(db, "select cron.schedule('job', '5 seconds', 'select 1')")
    db.execute("select cron.schedule('other', '5 seconds', 'select 2')")
    await cron(NOON)
    db.execute("select cron.schedule('job', '30 seconds', 'select 1')")
    await cron(NOON + timedelta(seconds=6))
    await until(lambda: count(db, "cron.job_run_details where status = 'succeeded'") == 1)
    assert count(db, f"cron.job_run_details where jobid = {job}") == 0
    db.execute("select cron.alter_job(%s, active => false)", [job])
    await cron(NOON + timedelta(seconds=60))
    await until(lambda: count(db, "cron.job_run_details where status = 'succeeded'") == 2)
    assert count(db, f"cron.job_run_details where jobid = {job}") == 0


async def test_a_run_that_a_restart_cut_short_is_recorded_as_failed(cron: Callable[[datetime], Any], db: Db) -> None:
    """Nothing stays running for ever."""
    db.execute("insert into cron.job_run_details (jobid, username, status) values (1, 'postgres', 'running')")
    await cron(NOON)
    row = db.execute("select status, return_message from cron.job_run_details").fetchone()
    assert row == {"status": "failed", "return_message": "server restarted"}


def test_it_survives_a_restart_of_its_connection(background: Background, db: Db, connect: Connect) -> None:
    """As after a restart of Postgres, which cuts every connection."""
    db.execute("create table public.runs (id int)")
    db.execute("select cron.schedule('count', '1 second', 'insert into public.runs values (1)')")
    wait_until(lambda: count(db, "public.runs") >= 1)
    connect("admin").execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and usename = 'supabase_admin' and pid <> pg_backend_pid()"
    )
    before = count(db, "public.runs")
    wait_until(lambda: count(db, "public.runs") > before)
