"""The hot ranking: whole at every moment, by a formula that can be checked by hand."""

import math
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.jobs.asking import Connect, Db, add_post, ended, enqueue
from tests.jobs.conftest import Work

EPOCH = datetime(2005, 12, 8, 7, 46, 43, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def ranking(db: Db) -> list[dict[str, Any]]:
    """The ranking, hottest first."""
    return db.execute("select * from public.post_rankings order by rank").fetchall()


def recompute(connection: psycopg.Connection[Any], limit: int = 1000) -> Any:
    """Recompute, and return the counts."""
    return connection.execute("select * from public.recompute_rankings(%s)", (limit,)).fetchone()


def hot(likes: int, created_at: datetime) -> float:
    """Reddit's formula, as its source has it."""
    order = math.log10(max(abs(likes), 1))
    sign = 1 if likes > 0 else 0
    return round(sign * order + (created_at - EPOCH).total_seconds() / 45000, 7)


@pytest.mark.parametrize("likes", [0, 1, 2, 9, 10, 11, 1234, 2_000_000_000])
@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=12.5), timedelta(days=4000, microseconds=1)])
def test_the_score_is_reddits(db: Db, likes: int, age: timedelta) -> None:
    """log10 of the likes, and seconds since an epoch / 45,000."""
    row = db.execute("select queue_private.hot_score(%s, %s) as score", (likes, NOW - age)).fetchone()
    assert row
    assert row["score"] == pytest.approx(hot(likes, NOW - age), abs=2e-7)


def test_ten_times_the_likes_make_up_for_twelve_and_a_half_hours(db: Db) -> None:
    """What the formula means."""
    older = add_post(db, likes=101, created_at=NOW - timedelta(hours=12.5))
    newer = add_post(db, likes=10, created_at=NOW)
    recompute(db)
    assert [row["post_id"] for row in ranking(db)] == [older, newer]


async def test_the_job_ranks_and_says_what_changed(work: Work, db: Db) -> None:
    """By the likes that there are when it runs."""
    posts = [add_post(db, likes=likes, created_at=NOW) for likes in (5, 50, 500)]
    enqueue(db, "recompute_rankings", {})
    await work()
    assert [row["post_id"] for row in ranking(db)] == posts[::-1]
    assert [row["rank"] for row in ranking(db)] == [1, 2, 3]
    assert ended(db, "recompute_rankings")[0]["result"] == {"ranked": 3, "changed": 3, "removed": 0}


def test_only_the_newest_are_ranked(db: Db) -> None:
    """limit counts posts by age; the others leave the ranking."""
    posts = [add_post(db, created_at=NOW - timedelta(minutes=minute)) for minute in range(5)]
    recompute(db)
    assert recompute(db, 3) == {"ranked": 3, "changed": 0, "removed": 2}
    assert {row["post_id"] for row in ranking(db)} == set(posts[:3])


def test_what_stays_the_same_is_not_written(db: Db) -> None:
    """A thousand rows every ten minutes would be a lot of vacuuming."""
    for number in range(10):
        add_post(db, likes=number, created_at=NOW)
    recompute(db)
    assert recompute(db)["changed"] == 0


def test_a_deleted_post_leaves_the_ranking(db: Db) -> None:
    """With the next recompute."""
    post_id = add_post(db)
    recompute(db)
    db.execute("delete from public.posts_new where id = %s", (post_id,))
    assert recompute(db) == {"ranked": 0, "changed": 0, "removed": 1}


def test_readers_see_the_old_ranking_or_the_new_one(connect: Connect, db: Db) -> None:
    """Never half of each, and they do not wait."""
    first, second = add_post(db, likes=10, created_at=NOW), add_post(db, likes=1, created_at=NOW)
    recompute(db)
    db.execute("update public.posts_new set likes = 100 where id = %s", (second,))
    writer = connect(autocommit=False)
    recompute(writer)
    assert [row["post_id"] for row in ranking(db)] == [first, second]
    writer.commit()
    assert [row["post_id"] for row in ranking(db)] == [second, first]


def test_two_recomputes_come_one_after_the_other(connect: Connect, db: Db) -> None:
    """The later one sees what the first could not; neither fails nor deadlocks."""
    for number in range(50):
        add_post(db, likes=number, created_at=NOW)
    one, other = connect(autocommit=False), connect(autocommit=True)
    recompute(one)
    late = add_post(db, likes=10_000, created_at=NOW)
    waiting = threading.Thread(target=recompute, args=(other,))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    one.commit()
    waiting.join(5)
    assert not waiting.is_alive()
    assert [row["rank"] for row in ranking(db)] == list(range(1, 52))
    assert ranking(db)[0]["post_id"] == late


def test_deleting_a_post_does_not_wait_for_a_recompute(connect: Connect, db: Db) -> None:
    """Nor the reverse: a ranking has no foreign key."""
    post_id = add_post(db)
    recompute(db)
    writer = connect(autocommit=False)
    db.execute("update public.posts_new set likes = 5 where id = %s", (post_id,))
    recompute(writer)
    db.execute("set lock_timeout = '1s'")
    db.execute("delete from public.posts_new where id = %s", (post_id,))
    writer.commit()
    assert db.execute("select * from public.list_posts('hot', 10)").fetchall() == []


@pytest.mark.parametrize("limit", [0, -1, 10_001, "many"])
async def test_a_limit_that_makes_no_sense_is_dead_at_once(work: Work, db: Db, limit: Any) -> None:
    """By the payload's model."""
    enqueue(db, "recompute_rankings", {"limit": limit})
    await work()
    assert ended(db, "recompute_rankings")[0]["status"] == "dead"


def test_ten_thousand_posts_are_ranked_in_time(db: Db) -> None:
    """The largest ranking fits into the job's three seconds with room to spare."""
    db.execute(
        "insert into public.posts_new (likes, created_at) "
        "select n % 997, now() - make_interval(mins => n) from generate_series(1, 20000) as n"
    )
    started = datetime.now(UTC)
    assert recompute(db, 10_000)["ranked"] == 10_000
    assert datetime.now(UTC) - started < timedelta(seconds=3)
