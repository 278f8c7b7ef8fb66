"""What likes cost: on one hot post from 8 connections, over the RPC with and without limits, read in pages, and synced.

Rivals take turns, so that what disturbs the machine disturbs them all.
"""

import itertools
import json
from collections.abc import Callable
from typing import Any, LiteralString
from uuid import UUID

from bench.measuring import Connection, connect, in_turn, milliseconds, rate, show
from dev.supabase.stack import Stack

CONNECTIONS = 8
SECONDS = 1.5
ROUNDS = 5
WAITING = 5_000
RATINGS_OF_A_STAR = 1_000_000
COLLAPSING = 1_000
BATCH = 200

Like = Callable[[Connection, int], int]
_sessions = itertools.count()


def run(stack: Stack) -> None:
    """Print rates and their ratios, each group against its first."""
    with connect(stack) as db:
        _hot_post(stack, db)
        _limits(stack, db)
        _pages(db)
        _syncs(db)


def _hot_post(stack: Stack, db: Connection) -> None:
    """Likes inserted directly: without any trigger, with ours, and with a counter on the post."""
    post, crowded = _make_post(db), _make_post(db)
    db.execute(
        """
        insert into background_jobs (job_type, payload, scheduled_for)
        select 'sync_like_count', jsonb_build_object('post_id', %s::text), now() - make_interval(secs => number)
        from generate_series(1, %s) as number
        """,
        [crowded, WAITING],
    )

    def without_trigger(like: Like) -> float:
        db.execute("alter table post_ratings disable trigger user")
        try:
            return rate(stack, CONNECTIONS, SECONDS, like)
        finally:
            db.execute("alter table post_ratings enable trigger user")

    found = in_turn(
        {
            "likes without any trigger": lambda: without_trigger(_inserting(post)),
            "likes that ask for a sync": lambda: rate(stack, CONNECTIONS, SECONDS, _inserting(post)),
            f"the same, with {WAITING:,} due syncs of the post": lambda: rate(
                stack, CONNECTIONS, SECONDS, _inserting(crowded)
            ),
            "likes with likes = likes + 1": lambda: without_trigger(_inserting_and_counting(post)),
        },
        ROUNDS,
    )
    _show_all(found)
    db.execute("truncate background_jobs")


def _inserting(post: UUID) -> Like:
    def like(connection: Connection, _: int) -> int:
        connection.execute(
            "insert into post_ratings (post_id, session_id) values (%s, %s)", [post, f"session-{next(_sessions)}"]
        )
        return 1

    return like


def _inserting_and_counting(post: UUID) -> Like:
    like = _inserting(post)

    def like_and_count(connection: Connection, number: int) -> int:
        with connection.transaction():
            like(connection, number)
            connection.execute("update posts_new set likes = likes + 1 where id = %s", [post])
        return 1

    return like_and_count


def _limits(stack: Stack, db: Connection) -> None:
    """Clicks over the RPC, everybody behind one address."""
    post = _make_post(db, ratings=5_000)
    without: LiteralString = "select * from toggle_like(%s, %s)"
    by_session: LiteralString = "select * from toggle_like(%s, %s, null, 1000000, 0)"
    by_both: LiteralString = "select * from toggle_like(%s, %s, 'address', 1000000, 1000000)"

    def toggling(query: LiteralString) -> Callable[[], float]:
        def toggle(connection: Connection, _: int) -> int:
            connection.execute(query, [post, f"session-{next(_sessions) // 10}"])
            return 1

        return lambda: rate(stack, CONNECTIONS, SECONDS, toggle)

    _show_all(
        in_turn(
            {
                "toggle_like": toggling(without),
                "toggle_like, limited by session": toggling(by_session),
                "toggle_like, limited by session and one address": toggling(by_both),
            },
            ROUNDS,
        )
    )
    db.execute("truncate background_jobs")


def _pages(db: Connection) -> None:
    """like_states of 100 posts: stored numbers, or counted ones."""
    few, many = ([_make_post(db, ratings=number) for _ in range(100)] for number in (50, 900))
    db.execute("vacuum analyze post_ratings")

    def page(posts: list[UUID], *, active: bool) -> float:
        db.execute("truncate background_jobs")
        if active:
            db.execute(
                """
                insert into background_jobs (job_type, payload)
                select 'sync_like_count', jsonb_build_object('post_id', post) from unnest(%s::uuid[]) as post
                """,
                [posts],
            )
        query = "select * from like_states(%s::uuid[], 'a session')"
        return 1000 / min(milliseconds(lambda: db.execute(query, [posts])) for _ in range(10))

    _show_all(
        in_turn(
            {
                "pages of 100 posts, not one with an active sync": lambda: page(few, active=False),
                "the same, all with an active sync and 50 ratings": lambda: page(few, active=True),
                "the same, all with an active sync and 900 ratings": lambda: page(many, active=True),
            },
            ROUNDS,
        )
    )


def _syncs(db: Connection) -> None:
    """One count of a post with a million ratings, and a thousand waiting syncs of one post."""
    star = _make_post(db, ratings=RATINGS_OF_A_STAR)
    db.execute("vacuum analyze post_ratings")
    count_ms = min(milliseconds(lambda: db.execute("select sync_post_like_count(%s)", [star])) for _ in range(3))
    show(f"syncs of a post with {RATINGS_OF_A_STAR:,} ratings", 1000 / count_ms, 1000 / count_ms)
    post = _make_post(db, ratings=1_000)
    db.execute(
        """
        insert into background_jobs (job_type, payload)
        select 'sync_like_count', jsonb_build_object('post_id', %s::text) from generate_series(1, %s)
        """,
        [post, COLLAPSING],
    )
    counts = 0

    def drain() -> None:
        nonlocal counts
        outcomes = "[]"
        while True:
            row = db.execute("select settle_and_claim('bench', %s, %s)", [outcomes, BATCH]).fetchone()
            claimed: list[dict[str, Any]] = row[0]["claimed"] if row else []
            if not claimed:
                return
            db.execute(
                "select * from sync_post_like_counts(%s::uuid[])", [[job["payload"]["post_id"] for job in claimed]]
            )
            counts += 1
            outcomes = json.dumps(
                [{"id": job["id"], "claim_token": job["claim_token"], "outcome": "completed"} for job in claimed]
            )

    seconds = milliseconds(drain) / 1000
    show(f"waiting syncs of one post, {COLLAPSING:,} in {counts} counts", COLLAPSING / seconds, 1000 / count_ms)


def _make_post(db: Connection, ratings: int = 0) -> UUID:
    """A post that is in step with its ratings."""
    row = db.execute("insert into posts_new (caption, likes) values ('bench', %s) returning id", [ratings]).fetchone()
    assert row is not None
    db.execute("alter table post_ratings disable trigger user")
    db.execute(
        "insert into post_ratings (post_id, session_id) select %s, 'r-' || n from generate_series(1, %s::integer) as n",
        [row[0], ratings],
    )
    db.execute("alter table post_ratings enable trigger user")
    return UUID(str(row[0]))


def _show_all(found: dict[str, float]) -> None:
    against = next(iter(found.values()))
    for what, value in found.items():
        show(what, value, against)
