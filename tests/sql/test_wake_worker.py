"""The optional migration wake_worker.sql: when a check calls the worker. pg_net only keeps the requests here."""

from typing import Any, LiteralString

import pytest

from tests.conftest import PROJECT, Connect
from tests.sql.bulk import pending_jobs, processing_jobs, worker_run
from tests.sql.calls import Db
from tests.sql.racing import meanwhile

FILE = PROJECT / "supabase/optional/wake_worker.sql"
URL, SECRET = "https://app.example", "the-secret-of-the-cron"


@pytest.fixture(autouse=True)
def applied(db: Db) -> None:
    """The migration, twice, as any may be; and the secrets."""
    for _ in range(2):
        db.execute(FILE.read_bytes())
    db.execute("select vault.create_secret(%s, 'worker_url'), vault.create_secret(%s, 'cron_secret')", [URL, SECRET])


def ask(db: Db, query: LiteralString, *parameters: object) -> Any:
    """Return the one value that a query answers."""
    row = db.execute(query, parameters).fetchone()
    assert row is not None
    return next(iter(row.values()))


def check(db: Db) -> str:
    """Check once, as pg_cron does every 2 seconds."""
    return str(ask(db, "select queue_private.wake_worker()"))


def minute(db: Db) -> str:
    """The minute's call."""
    return str(ask(db, "select queue_private.wake_worker(is_minute => true)"))


def calls(db: Db) -> int:
    """How many calls pg_net was asked for."""
    return int(ask(db, "select count(*) from net.http_request_queue"))


def a_run(db: Db, *, ago_s: float, did: int = 0, trigger: str = "cron", known_types: list[str] | None = None) -> None:
    """Insert a run that has ended and settled so many jobs."""
    db.execute(
        """
        insert into public.worker_runs
          (worker_id, trigger, budget_ms, started_at, finished_at, stop_reason, counts, known_types)
        select 'w', %s, 8000, began, began, 'empty',
          jsonb_build_object('processed', %s::int, 'rescued', 0, 'scheduled', 0), %s
        from (select clock_timestamp() - make_interval(secs => %s) as began) as run
        """,
        [trigger, did, known_types, ago_s],
    )


def time_passes(db: Db, seconds: float) -> None:
    """Age what the checks look at."""
    db.execute("update queue_private.worker_wakes set called_at = called_at - make_interval(secs => %s)", [seconds])
    db.execute(
        """update public.worker_runs set started_at = started_at - make_interval(secs => %(s)s),
        finished_at = finished_at - make_interval(secs => %(s)s)""",
        {"s": seconds},
    )
    db.execute(
        "update public.background_jobs set scheduled_for = scheduled_for - make_interval(secs => %s)"
        " where status = 'pending'",
        [seconds],
    )


def test_a_due_job_causes_one_call_of_the_route(db: Db) -> None:
    """With the secret of the cron, from the vault."""
    pending_jobs(db, 3)
    assert check(db).startswith("called, request ")
    request = db.execute("select method, url, headers from net.http_request_queue").fetchone()
    assert request == {
        "method": "GET",
        "url": f"{URL}/api/queue/process",
        "headers": {"Authorization": f"Bearer {SECRET}"},
    }


def test_a_prefix_is_part_of_the_address(db: Db) -> None:
    """Where the app has routes of the same paths, worker_url is the whole address of ours."""
    route = "https://app.example/api/jobs/queue/process"
    db.execute("select vault.update_secret(id, %s) from vault.secrets where name = 'worker_url'", [route])
    pending_jobs(db, 1)
    check(db)
    assert ask(db, "select url from net.http_request_queue") == route


def test_an_empty_queue_causes_no_call(db: Db) -> None:
    """Nor do jobs that are not due yet, that are being worked on, or whose type is paused."""
    assert check(db) == "nothing is due"
    pending_jobs(db, 3, due_in_s=60)
    processing_jobs(db, 3)
    pending_jobs(db, 3, "process_image")
    db.execute("select public.pause_job_type('process_image')")
    assert check(db) == "nothing is due"
    db.execute("select public.resume_job_type('process_image')")
    assert check(db).startswith("called")
    assert calls(db) == 1


def test_a_type_that_the_deployed_code_does_not_know_causes_no_call(db: Db) -> None:
    """It waits for a deployment."""
    a_run(db, ago_s=30, known_types=["process_image"])
    pending_jobs(db, 3, "send_notification")
    assert check(db) == "nothing is due"
    pending_jobs(db, 1, "process_image")
    assert check(db).startswith("called")


def test_a_lost_lease_causes_a_call(db: Db) -> None:
    """So that what a killed run held is taken back at once."""
    processing_jobs(db, 3, lease_s=-1)
    assert check(db).startswith("called")


def test_an_isolated_job_causes_a_call(db: Db) -> None:
    """It runs alone, but it runs."""
    pending_jobs(db, 1)
    db.execute("update public.background_jobs set isolated = true")
    assert check(db).startswith("called")


def test_no_second_run_starts_while_one_is_under_way(db: Db) -> None:
    """Neither by a check nor by the minute. A killed one counts for as long as the platform lets it live."""
    pending_jobs(db, 3)
    worker_run(db, ago_s=9, lasted_s=None)
    assert [check(db), minute(db), calls(db)] == ["a run is under way", "a run is under way", 0]
    time_passes(db, 2)
    assert check(db).startswith("called")


def test_two_checks_at_once_call_once(db: Db, connect: Connect) -> None:
    """The second does not wait either."""
    pending_jobs(db, 3)
    first, second = connect(autocommit=False), connect()
    first.execute("select queue_private.wake_worker()")
    second.execute("set statement_timeout = '5s'")
    with meanwhile(lambda: second.execute("select queue_private.wake_worker()").fetchone()) as other:
        assert other.result() == ("another check is deciding",)
    first.commit()
    assert calls(db) == 1


def test_calls_in_vain_come_less_and_less_often(db: Db) -> None:
    """A wrong secret, a deployment that is down, jobs that no run can take: at last one call a minute."""
    pending_jobs(db, 3)
    seconds_of_calls, now = [], 0
    while now < 300:
        if check(db).startswith("called"):
            seconds_of_calls.append(now)
        time_passes(db, 2)
        now += 2
    assert seconds_of_calls == [0, 4, 12, 28, 60, 120, 180, 240]


def test_jobs_that_no_run_takes_cause_few_calls(db: Db) -> None:
    """They are locked, or do not fit into the budget. A job that became due since then is reason enough again."""
    pending_jobs(db, 3)
    assert check(db).startswith("called")
    a_run(db, ago_s=0)
    assert check(db) == "waits after 1 calls in vain"
    pending_jobs(db, 1, "process_image", due_in_s=0)
    assert check(db).startswith("called")
    a_run(db, ago_s=0)
    assert check(db) == "waits after 2 calls in vain"
    time_passes(db, 7)
    assert check(db) == "waits after 2 calls in vain"
    time_passes(db, 1)
    assert check(db).startswith("called")


def test_work_that_goes_on_is_called_for_at_once(db: Db) -> None:
    """A run that settled something, and jobs are due again."""
    pending_jobs(db, 3)
    for _ in range(5):
        assert check(db).startswith("called")
        a_run(db, ago_s=0, did=1)
    assert calls(db) == 5


def test_the_minute_calls_whether_or_not_something_is_due(db: Db) -> None:
    """Schedules are fired by runs. Where Vercel Cron came within the minute, it does not."""
    assert minute(db).startswith("called")
    a_run(db, ago_s=40)
    assert minute(db) == "a run started within the minute"
    time_passes(db, 15)
    assert minute(db).startswith("called")
    assert calls(db) == 2


def test_a_refused_run_is_no_run(db: Db) -> None:
    """One that ended on the limit has looked at nothing."""
    a_run(db, ago_s=60, did=3)
    db.execute(
        """insert into public.worker_runs (worker_id, trigger, budget_ms, finished_at, stop_reason)
        values ('w', 'fanout', 8000, now(), 'limit')"""
    )
    assert minute(db).startswith("called")


def test_a_missing_secret_is_a_warning_and_no_failure(db: Db) -> None:
    """Which names it, at most once a minute in the end."""
    notices: list[str] = []
    db.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
    db.execute("delete from vault.secrets where name = 'worker_url'")
    pending_jobs(db, 3)
    assert [check(db), check(db)] == ["could not call", "waits after 1 calls in vain"]
    assert notices == ["the worker cannot be called: Vault lacks the secret worker_url"]


def test_it_is_scheduled_once(db: Db) -> None:
    """However often the file is applied; no secret is in what pg_cron keeps."""
    rows = db.execute("select jobname, schedule, command from cron.job order by jobname").fetchall()
    assert [(row["jobname"], row["schedule"]) for row in rows] == [
        ("suplatzigram-forget", "13 4 * * *"),
        ("suplatzigram-minute", "* * * * *"),
        ("suplatzigram-wake", "2 seconds"),
    ]
    assert SECRET not in str(rows)


def test_missing_extensions_are_named_and_do_no_harm(project: dict[str, str], connect: Connect) -> None:
    """On a project without them the file applies, schedules nothing and says why; later it can be applied again."""
    db, admin = connect(), connect("admin")
    notices: list[str] = []
    db.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
    admin.execute("drop extension pg_cron, pg_net, supabase_vault cascade")
    admin.execute(
        "do $$ begin execute format('revoke create on database %I from postgres', current_database()); end $$"
    )
    db.execute(FILE.read_bytes())
    (notice,) = [each for each in notices if "missing" in each]
    assert all(name in notice for name in ("pg_cron (permission denied", "pg_net (permission", "supabase_vault"))
    admin.execute("do $$ begin execute format('grant create on database %I to postgres', current_database()); end $$")
    admin.execute("create extension supabase_vault with schema vault")
    db.execute(FILE.read_bytes())
    assert db.execute("select count(*) from cron.job").fetchone() == (3,)


def test_the_runs_that_pg_cron_keeps_are_forgotten_after_a_day(db: Db) -> None:
    """Ours; those of other jobs are not touched."""
    db.execute("select cron.schedule('theirs', '* * * * *', 'select 1')")
    db.execute(
        """insert into cron.job_run_details (jobid, username, status, end_time)
        select jobid, 'postgres', 'succeeded', now() - make_interval(hours => h)
        from cron.job cross join (values (23), (25)) as age (h) where jobname in ('theirs', 'suplatzigram-wake')"""
    )
    db.execute(str(ask(db, "select command from cron.job where jobname = 'suplatzigram-forget'")).encode())
    rows = db.execute("select jobname from cron.job_run_details join cron.job using (jobid) order by 1").fetchall()
    assert [row["jobname"] for row in rows] == ["suplatzigram-wake", "theirs", "theirs"]


def test_nobody_but_the_owner_may_call_it(db: Db) -> None:
    """Nor read or write its table."""
    query = """
        select p.proname from pg_proc as p, (values ('anon'), ('authenticated'), ('service_role')) as client (role)
        where p.proname in ('wake_worker', 'call_worker', 'work_came')
          and has_function_privilege(client.role, p.oid, 'execute')
    """
    assert db.execute(query).fetchall() == []
    assert ask(db, "select has_table_privilege('anon', 'queue_private.worker_wakes', 'select, update')") is False


def test_it_can_be_undone(db: Db) -> None:
    """Nothing calls any more; what was there before is there, and undoing it twice is harmless."""
    rollback = FILE.parents[1] / "rollback" / FILE.name
    for _ in range(2):
        db.execute(rollback.read_bytes())
    assert ask(db, "select count(*) from cron.job where jobname like 'suplatzigram-%%'") == 0
    assert ask(db, "select to_regclass('queue_private.worker_wakes')::text") is None
    db.execute(FILE.read_bytes())
    assert ask(db, "select count(*) from cron.job where jobname like 'suplatzigram-%%'") == 3
