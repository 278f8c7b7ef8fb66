"""set_like makes it so: liked or not, safe to repeat."""

from uuid import UUID, uuid4

import psycopg
import pytest

from tests.likes.posts import drain, likes, make_post, rate_many, ratings, set_like, sync_jobs
from tests.sql.calls import Db, rpc


def test_a_like_answers_what_a_count_says(service: Db, post: UUID) -> None:
    """The stored count is exact a moment later; the session sees its own click at once."""
    assert set_like(service, post) == (True, 1)
    assert (likes(service, post), ratings(service, post)) == (0, 1)


def test_a_repeated_like_changes_nothing(service: Db, post: UUID) -> None:
    """One rating, and the count is not moved twice."""
    set_like(service, post)
    drain(service)
    assert set_like(service, post) == (True, 1)
    assert ratings(service, post) == 1
    assert sync_jobs(service) == []


def test_an_unlike_takes_it_back(service: Db, post: UUID) -> None:
    """And a repeated one changes nothing."""
    set_like(service, post)
    drain(service)
    assert set_like(service, post, liked=False) == (False, 0)
    drain(service)
    assert set_like(service, post, liked=False) == (False, 0)
    assert (likes(service, post), ratings(service, post)) == (0, 0)


def test_the_answer_is_never_negative(service: Db, post: UUID) -> None:
    """The stored count may lag behind the unlikes, of a post with so many that nobody counts them."""
    rate_many(service, post, 1002)
    drain(service)
    service.execute("update public.posts_new set likes = 0")
    assert set_like(service, post, "session-1", liked=False) == (False, 0)


def test_an_unknown_post_has_no_row(service: Db) -> None:
    """Neither a rating nor a job is left, and no error: the API answers 404."""
    assert set_like(service, uuid4()) is None
    assert set_like(service, uuid4(), liked=False) is None
    assert sync_jobs(service) == []


def test_neither_liked_nor_not_is_refused(service: Db, post: UUID) -> None:
    """A null must not take the like back."""
    set_like(service, post)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="liked"):
        rpc(service, "set_like", post_id=post, session_id="session-1", liked=None)
    assert ratings(service, post) == 1


def test_sessions_are_counted_each(service: Db, post: UUID) -> None:
    """One rating for each."""
    for number in range(20):
        set_like(service, post, f"session-{number}")
    drain(service)
    assert likes(service, post) == 20


def test_like_states_tells_several_posts_at_once(service: Db) -> None:
    """In the order asked for; unknown posts are left out."""
    first, second, third = (make_post(service) for _ in range(3))
    set_like(service, third)
    drain(service)
    rows = rpc(service, "like_states", post_ids=[third, uuid4(), first], session_id="session-1")
    assert [(row["post_id"], row["liked"], row["likes"]) for row in rows] == [(third, True, 1), (first, False, 0)]
    assert second not in [row["post_id"] for row in rows]
