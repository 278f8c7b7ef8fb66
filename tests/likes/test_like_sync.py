"""sync_post_like_count and sync_post_like_counts make the stored count equal the ratings."""

from uuid import UUID, uuid4

import psycopg
import pytest

from tests.likes.posts import drift, likes, make_post, rate
from tests.sql.calls import Db, Row, rpc, value
from tests.sql.conftest import OpenService


def row_of(db: Db, post_id: UUID) -> Row:
    """Return the post with its place on disk, which any write changes."""
    (row,) = db.execute("select ctid, xmin, * from public.posts_new where id = %s", [post_id]).fetchall()
    return row


def sync_many(db: Db, *posts: UUID) -> dict[UUID, int | None]:
    """Call sync_post_like_counts."""
    rows = rpc(db, "sync_post_like_counts", target_post_ids=list(posts))
    assert len({row["post_id"] for row in rows}) == len(rows)
    return {row["post_id"]: row["likes"] for row in rows}


def test_one_post_is_counted(service: Db) -> None:
    """From whatever was stored."""
    post = make_post(service, likes=77)
    rate(service, post)
    assert value(service, "sync_post_like_count", target_post_id=post) == 1
    assert likes(service, post) == 1


def test_many_posts_are_counted_in_one_call(service: Db) -> None:
    """Those without ratings too; each once, however often it is named."""
    posts = [make_post(service, likes=9) for _ in range(3)]
    rate(service, posts[0], "session-1")
    rate(service, posts[0], "session-2")
    rate(service, posts[1])
    assert sync_many(service, *posts, posts[0]) == {posts[0]: 2, posts[1]: 1, posts[2]: 0}
    assert drift(service) == {}


def test_a_post_that_is_gone_is_null(service: Db, post: UUID) -> None:
    """So its job can end."""
    gone = uuid4()
    assert value(service, "sync_post_like_count", target_post_id=gone) is None
    assert sync_many(service, gone, post) == {gone: None, post: 0}


def test_no_posts_are_no_rows(service: Db) -> None:
    """Nothing to do."""
    assert sync_many(service) == {}


def test_a_null_is_no_post(service: Db, post: UUID) -> None:
    """Never a row of nulls."""
    rows = rpc(service, "sync_post_like_counts", target_post_ids=[None, post, None])
    assert [(row["post_id"], row["likes"]) for row in rows] == [(post, 0)]
    assert rpc(service, "sync_post_like_counts", target_post_ids=None) == []


def test_a_sync_that_changes_nothing_writes_nothing(service: Db, post: UUID) -> None:
    """Not even updated_at: readers who order by it must not see posts jump."""
    rate(service, post)
    sync_many(service, post)
    before = row_of(service, post)
    sync_many(service, post)
    value(service, "sync_post_like_count", target_post_id=post)
    assert row_of(service, post) == before


def test_a_sync_that_changes_the_count_moves_updated_at(service: Db, post: UUID) -> None:
    """And nothing else but likes."""
    before = row_of(service, post)
    rate(service, post)
    sync_many(service, post)
    after = row_of(service, post)
    assert after["updated_at"] > before["updated_at"]
    same = ("id", "user_id", "caption", "image_url", "created_at")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_a_busy_post_is_left_out(service: Db, open_service: OpenService, post: UUID) -> None:
    """The others do not wait for it; its job is retried without counting."""
    other = make_post(service, likes=4)
    holder = open_service(autocommit=False)
    holder.execute("update public.posts_new set caption = 'new' where id = %s", [post])
    assert sync_many(service, post, other) == {other: 0}
    holder.commit()
    assert sync_many(service, post) == {post: 0}


def test_one_busy_post_is_waited_for_two_seconds(service: Db, open_service: OpenService, post: UUID) -> None:
    """Then 55P03: longer than that no caller has time."""
    holder = open_service(autocommit=False)
    holder.execute("select from public.posts_new where id = %s for update", [post])
    with pytest.raises(psycopg.errors.LockNotAvailable):
        value(service, "sync_post_like_count", target_post_id=post)


@pytest.mark.parametrize("function", ["sync_post_like_count", "sync_post_like_counts"])
def test_a_sync_never_waits_longer_than_two_seconds(service: Db, function: str) -> None:
    """Neither for a post nor for the table, which a migration or a truncate may hold."""
    (row,) = service.execute(
        "select proconfig from pg_proc where proname = %s and pronamespace = 'public'::regnamespace", [function]
    ).fetchall()
    assert "lock_timeout=2s" in row["proconfig"]


def test_a_post_that_is_being_deleted_is_left_out(service: Db, open_service: OpenService, post: UUID) -> None:
    """Neither counted nor called gone, until it is known."""
    deleter = open_service(autocommit=False)
    deleter.execute("delete from public.posts_new where id = %s", [post])
    assert sync_many(service, post) == {}
    deleter.commit()
    assert sync_many(service, post) == {post: None}
