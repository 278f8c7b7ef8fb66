"""Bulk ratings and audits compare each post with its own jobs, not with all: also when the planner takes the queue for
empty, and in the plan that a session keeps from the sixth call on. A plan's work is told by itself, not by a clock.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Connect
from tests.likes.posts import claim_syncs, drain, make_post, rate, rate_many
from tests.sql.bulk import pending_jobs
from tests.sql.calls import Db

type Node = dict[str, Any]
type Plans = Callable[[str], list[Node]]

POSTS, BACKLOG = 1_000, 20_000
# What a plan with an index or a hash looks at stays below; one that compares all with all looks at millions.
LIMIT = 100_000


@pytest.fixture
def plans(connect: Connect) -> Plans:
    """Run a statement, in one session, and return the plans of all statements inside it."""
    session = connect("admin")
    told: list[Node] = []
    session.add_notice_handler(
        lambda notice: told.append(json.loads((notice.message_primary or "").partition("\n")[2]))
    )
    session.execute(
        """
        load 'auto_explain';
        set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;
        set auto_explain.log_analyze = on; set auto_explain.log_timing = off; set auto_explain.log_format = json;
        set auto_explain.log_level = notice
        """
    )

    def run(statement: str) -> list[Node]:
        told.clear()
        session.execute(statement.encode())
        return [each["Plan"] for each in told]

    return run


@pytest.fixture(autouse=True, params=[0, 2_000], ids=["empty", "other-jobs"])
def _statistics_are_old(request: pytest.FixtureRequest, db: Db) -> None:
    """Analyze before there are sync jobs, in a queue that is empty or has others, and keep autovacuum away."""
    pending_jobs(db, request.param)
    for table in ("background_jobs", "post_ratings", "posts_new"):
        db.execute(f"alter table public.{table} set (autovacuum_enabled = false)".encode())
        db.execute(f"analyze public.{table}".encode())
    db.execute("delete from public.background_jobs")


def nodes(plan: Node) -> Iterator[Node]:
    """A plan's nodes, depth first."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def looked_at(plan: Node) -> int:
    """The most rows that a node of a plan has looked at."""
    counted = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    return max(int(node["Actual Loops"] * sum(node.get(name, 0) for name in counted)) for node in nodes(plan))


def make_posts(db: Db, likes: int = 0) -> None:
    """Add posts."""
    db.execute("insert into public.posts_new (likes) select %s from generate_series(1, %s)", [likes, POSTS])


def test_a_large_statement_is_not_slower_the_sixth_time(db: Db, plans: Plans) -> None:
    """All its posts have a job to join: each was compared with each."""
    make_posts(db)
    for _ in range(9):
        found = plans(
            """
            insert into public.post_ratings (post_id, session_id)
            select post.id, gen_random_uuid() from public.posts_new as post
            """
        )
        assert max(map(looked_at, found)) < LIMIT
        assert "<> ALL" not in json.dumps(found)


def test_an_audit_looks_at_the_syncs_of_drifting_posts_only(db: Db, plans: Plans) -> None:
    """There may be many others, to come and in progress."""
    plans("select * from public.audit_like_counts()")
    make_posts(db, likes=1)
    db.execute(
        """
        insert into public.background_jobs (job_type, payload)
        select 'sync_like_count', jsonb_build_object('post_id', gen_random_uuid()) from generate_series(1, %s)
        """,
        [BACKLOG],
    )
    for _ in range(3):
        claim_syncs(db, max_jobs=1000)
    for _ in range(9):
        found = plans(
            """
            begin;
            select * from public.audit_like_counts();
            rollback
            """
        )
        assert max(map(looked_at, found)) < LIMIT


def index_names(plan: Node) -> set[str]:
    """The indexes that a plan reads."""
    return {node["Index Name"] for node in nodes(plan) if "Index Name" in node}


@pytest.mark.parametrize("waiting", [0, 5_000])
def test_a_like_is_led_to_the_open_window_however_many_syncs_wait(db: Db, plans: Plans, waiting: int) -> None:
    """The worker was down, with one like every 2 seconds: a like looked at all of its post's syncs."""
    post = make_post(db)
    rate = "insert into public.post_ratings (post_id, session_id) values ('{}', gen_random_uuid())"
    plans(rate.format(post))
    db.execute(
        """
        insert into public.background_jobs (job_type, payload, scheduled_for)
        select 'sync_like_count', jsonb_build_object('post_id', %s::text), now() - make_interval(secs => number)
        from generate_series(1, %s) as number
        """,
        [post, waiting],
    )
    for _ in range(7):
        found = plans(rate.format(post))
        (asking,) = [plan for plan in found if "background_jobs_sync_idx" in index_names(plan)]
        (scan,) = [node for node in nodes(asking) if node.get("Index Name") == "background_jobs_sync_idx"]
        assert "scheduled_for" in scan["Index Cond"]
        assert looked_at(asking) <= 1


def test_a_page_of_posts_counts_the_active_ones_up_to_the_limit(db: Db, plans: Plans) -> None:
    """Not one rating of a post without an active sync, nor of one that is far above a thousand."""
    posts = [make_post(db) for _ in range(4)]
    for post, number in zip(posts, (50, 1_500, 2_500, 70), strict=True):
        rate_many(db, post, number)
    drain(db)
    for post in posts[:3]:
        rate(db, post, "one more")
    found = plans("select * from public.like_states(array(select id from public.posts_new), 'reader')")
    (counting,) = [plan for plan in found if any(node["Node Type"] == "Limit" for node in nodes(plan))]
    counts = [node["Actual Rows"] * node["Actual Loops"] for node in nodes(counting) if node["Node Type"] == "Limit"]
    assert counts == [51 + 1_001]
    assert looked_at(counting) == 51 + 1_001
