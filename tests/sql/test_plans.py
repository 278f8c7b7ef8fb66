"""Claims, settles and ratings stay cheap however long the queue is, though the planner believes that it is empty.

The statistics of an empty queue are the usual ones in production: it is empty most of the time, and a backlog grows
faster than autovacuum looks. What is counted are buffers (pages looked at), which no busy machine can change. Each
call is measured again and again in one session: after the fifth time Postgres may settle on a generic plan.
"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.conftest import Connect
from tests.likes.posts import make_post
from tests.sql.bulk import ended_jobs, pending_jobs, processing_jobs
from tests.sql.calls import Db, claim, outcome
from tests.sql.conftest import OpenService

BACKLOG = 50_000
# A backlog has some 5,000 pages with its indexes, and a plan that walks it looks at each row's page again and again.
# A reply to a rater counts up to 1,000 ratings, through their index.
BATCH_LIMIT, SINGLE_LIMIT, RATER_LIMIT = 4_000, 800, 700
LooksAt = Callable[..., int]
TABLES = ("background_jobs", "job_history", "post_ratings", "posts_new")


@pytest.fixture(autouse=True)
def _planner_believes_it_empty(connect: Connect) -> None:
    """Analyze the tables while they are empty, and keep autovacuum from looking again."""
    owner = connect()
    for table in map(sql.Identifier, TABLES):
        owner.execute(sql.SQL("alter table public.{} set (autovacuum_enabled = false)").format(table))
        owner.execute(sql.SQL("analyze public.{}").format(table))


@pytest.fixture
def looks_at(connect: Connect) -> LooksAt:
    """A measure: the most buffers that a call of a function looks at, in one session."""

    def measure(function: str, **arguments: object) -> int:
        with connect("service_role") as session:
            # The first call reads the catalogue.
            return max([buffers(session, function, arguments) for _ in range(9)][1:])

    return measure


def buffers(session: psycopg.Connection[Any], function: str, arguments: dict[str, Any]) -> int:
    """Return how many buffers one call looks at, all statements inside it included; then undo it."""
    named = [sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in arguments]
    call = sql.SQL("explain (analyze, buffers, format json) select * from public.{}({})").format(
        sql.Identifier(function), sql.SQL(", ").join(named)
    )
    with session.transaction(force_rollback=True):
        row = session.execute(call, arguments).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def sync_requests(db: Db, number: int) -> None:
    """Insert sync jobs of as many posts, their windows open."""
    db.execute(
        """
        insert into public.background_jobs (job_type, payload, priority, scheduled_for)
        select 'sync_like_count', jsonb_build_object('post_id', gen_random_uuid()), 5, now() + interval '1.5 seconds'
        from generate_series(1, %s)
        """,
        [number],
    )


def due(db: Db) -> None:
    """A backlog of one type."""
    pending_jobs(db, BACKLOG)


def not_due_yet(db: Db) -> None:
    """Fifty thousand jobs that go first, once they are due, and some that are due."""
    pending_jobs(db, BACKLOG, due_in_s=3600, priority=9)
    pending_jobs(db, 150)


def a_rare_type(db: Db) -> None:
    """Few jobs of one type behind a backlog of another."""
    pending_jobs(db, BACKLOG, due_in_s=-1000)
    pending_jobs(db, 150, "process_image")


def in_progress(db: Db) -> None:
    """Leased jobs, few of whose leases have expired."""
    processing_jobs(db, BACKLOG)
    processing_jobs(db, 150, lease_s=-5)


def nothing_to_do(db: Db) -> None:
    """Leased jobs and open windows: no job is due, none to rescue."""
    processing_jobs(db, BACKLOG)
    sync_requests(db, BACKLOG)


def ended(db: Db) -> None:
    """A long history with few dead jobs, and some jobs that are due."""
    ended_jobs(db, BACKLOG)
    ended_jobs(db, 50, "dead")
    pending_jobs(db, 150)


BACKLOGS = [due, not_due_yet, a_rare_type, in_progress, nothing_to_do, ended]


@pytest.fixture(params=BACKLOGS, ids=lambda backlog: backlog.__name__)
def backlog(request: pytest.FixtureRequest, service: Db) -> None:
    """Each kind of long queue, in turn."""
    request.param(service)


def test_calls_of_the_worker_stay_cheap(service: Db, looks_at: LooksAt, backlog: None) -> None:
    """Whatever they find or do not find."""
    types = ["process_image"]
    calls = {
        "claim": looks_at("claim_jobs", worker_id="w", max_jobs=100),
        "claim a rare type": looks_at("claim_jobs", worker_id="w", max_jobs=100, job_types=types),
        "settle and claim": looks_at("settle_and_claim", worker_id="w", max_jobs=100),
        "claim an isolated one": looks_at("claim_isolated_job", worker_id="w"),
        "rescue": looks_at("rescue_expired_jobs", max_jobs=100),
        "start": looks_at("start_worker_run", worker_id="w", trigger="cron", budget_ms=8000),
    }
    jobs = claim(service)
    for kind in ("completed", "failed", "released"):
        outcomes = Jsonb([outcome(job, kind) for job in jobs])
        calls[f"settle as {kind}"] = looks_at("settle_jobs", worker_id="w", outcomes=outcomes)
    assert {name: pages for name, pages in calls.items() if pages > BATCH_LIMIT} == {}


def test_calls_about_one_job_stay_cheap(service: Db, looks_at: LooksAt, backlog: None) -> None:
    """Of the worker, of services and of operators; also those that are about no job at all."""
    job_id = new_job_id(service)
    calls = {
        "claim": looks_at("claim_jobs", worker_id="w", max_jobs=1),
        "enqueue": looks_at("enqueue_job", job_type="process_image", idempotency_key="k"),
        "enqueue what is there": looks_at("enqueue_job", job_type="process_image", idempotency_key="there"),
        "cancel": looks_at("cancel_job", job_id=job_id),
        "find": looks_at("find_jobs", job_ids=[job_id]),
        "find nothing": looks_at("find_jobs", job_ids="{}"),
        "settle nothing": looks_at("settle_jobs", worker_id="w", outcomes="[]"),
        "redrive": looks_at("redrive_jobs", job_ids=[job_id]),
        "redrive nothing": looks_at("redrive_jobs", job_ids="{}"),
    }
    assert {name: pages for name, pages in calls.items() if pages > SINGLE_LIMIT} == {}


def new_job_id(db: Db) -> object:
    """Enqueue a job under a key and return its id."""
    (row,) = db.execute("select id from public.enqueue_job('process_image', idempotency_key => 'there')").fetchall()
    return row["id"]


def test_a_rating_stays_cheap(service: Db, looks_at: LooksAt, backlog: None) -> None:
    """Whether it finds a sync job to join or makes one: a rater is a user who waits."""
    fresh, hot = make_post(service), make_post(service)
    service.execute(
        "insert into public.post_ratings (post_id, session_id) select %s, 's-' || n from generate_series(1, 5000) as n",
        [hot],
    )
    calls = {
        "first like": looks_at("set_like", post_id=fresh, session_id="s", liked=True),
        "one more like": looks_at("set_like", post_id=hot, session_id="s", liked=True),
        "unlike": looks_at("set_like", post_id=hot, session_id="s-7", liked=False),
        "unlike what was not liked": looks_at("set_like", post_id=hot, session_id="s", liked=False),
        "toggle": looks_at("toggle_like", post_id=hot, session_id="s"),
        "states": looks_at("like_states", post_ids=[fresh, hot], session_id="s"),
        "sync nothing": looks_at("sync_post_like_counts", target_post_ids="{}"),
    }
    assert {name: pages for name, pages in calls.items() if pages > RATER_LIMIT} == {}


@pytest.mark.parametrize("max_jobs", [1, 20, 100])
def test_a_claim_behind_many_held_jobs_stays_cheap(
    service: Db, open_service: OpenService, looks_at: LooksAt, max_jobs: int
) -> None:
    """A rater that rated five thousand posts in one transaction holds as many sync jobs, all of them due first: each is
    looked at once, and not again for every page of candidates behind it."""
    pending_jobs(service, 5000, due_in_s=-1000, priority=5)
    holder = open_service(autocommit=False)
    holder.execute("select from public.background_jobs for share")
    pending_jobs(service, BACKLOG)
    # One for the index, one for the table and one for the lock, of both kinds of share.
    assert looks_at("claim_jobs", worker_id="w", max_jobs=max_jobs) <= 8 * 5000 + BATCH_LIMIT


def of_operators_and_monitors(looks_at: LooksAt) -> dict[str, int]:
    """Measure listings of a type that has many, few or no jobs, and of all; searches, bounded as they are; and
    the health, for which anyone may ask."""
    statuses = (None, "pending", "processing", "failed", "completed", "dead", "discarded", "cancelled")
    types = (None, "send_notification", "process_image", "cleanup_expired")
    calls = {
        f"list {status} {job_type}": looks_at("list_jobs", wanted_status=status, wanted_type=job_type)
        for status in statuses
        for job_type in types
    }
    return calls | {
        "search a key": looks_at("search_jobs", wanted_key="not there"),
        "search an error": looks_at("search_jobs", error_contains="not there"),
        "search a payload": looks_at("search_jobs", payload_contains=Jsonb({"not": "there"})),
        "search an end": looks_at("search_jobs", ended_until="2001-01-01"),
        "health": looks_at("queue_health"),
    }


def test_calls_of_operators_and_monitors_stay_cheap(looks_at: LooksAt, backlog: None) -> None:
    """Whatever lies in the queue."""
    calls = of_operators_and_monitors(looks_at)
    assert {name: pages for name, pages in calls.items() if pages > BATCH_LIMIT} == {}


def test_they_stay_cheap_with_fresh_statistics(service: Db, connect: Connect, looks_at: LooksAt) -> None:
    """What the planner knows of a full queue tempts it to other plans: to walk all ids until a rare type is met."""
    a_rare_type(service)
    ended_jobs(service, BACKLOG)
    ended_jobs(service, 50, "dead", "process_image")
    owner = connect()
    for table in map(sql.Identifier, TABLES):
        owner.execute(sql.SQL("vacuum analyze public.{}").format(table))
    calls = of_operators_and_monitors(looks_at)
    assert {name: pages for name, pages in calls.items() if pages > BATCH_LIMIT} == {}


def test_statistics_do_not_read_the_history(looks_at: LooksAt, service: Db) -> None:
    """Fifty thousand ended jobs cost what five thousand cost."""
    ended_jobs(service, 5_000)
    few = looks_at("queue_stats")
    ended_jobs(service, 45_000)
    assert looks_at("queue_stats") <= few + 500
