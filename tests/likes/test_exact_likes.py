"""The number of likes that the API answers is what a count at that moment would say, also before the sync."""

from uuid import UUID

import pytest

from tests.likes.posts import (
    claim_syncs,
    drain,
    let_windows_end,
    make_post,
    rate,
    rate_many,
    ratings,
    set_like,
    sync,
    sync_jobs,
    toggle_like,
    unrate,
)
from tests.sql.calls import Db, rpc, settle
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once


def shown(db: Db, *posts: UUID, session: str = "reader") -> list[int]:
    """Call like_states, as a page that is loaded does, and return its numbers."""
    return [row["likes"] for row in rpc(db, "like_states", post_ids=list(posts), session_id=session)]


def test_a_like_a_reload_and_an_unlike(service: Db, post: UUID) -> None:
    """Stored 41: the reload showed 41 again, and the unlike 40."""
    rate_many(service, post, 41)
    drain(service)
    assert set_like(service, post, "me") == (True, 42)
    assert shown(service, post) == [42]
    assert set_like(service, post, "me", liked=False) == (False, 41)
    assert shown(service, post) == [41]
    drain(service)
    assert shown(service, post) == [41]


def test_ten_sessions_are_told_ten_numbers(service: Db, open_service: OpenService, post: UUID) -> None:
    """At the same moment; the last of them is told the number that stands."""
    rate_many(service, post, 41)
    drain(service)
    raters = [(f"click-{number}", open_service()) for number in range(10)]
    answers = all_at_once(lambda each: toggle_like(each[1], post, each[0]), raters)
    told = [state[1] for state in answers if state]
    assert len(told) == 10
    assert all(42 <= likes <= 51 for likes in told)
    assert shown(service, post) == [ratings(service, post)] == [51]


def test_one_after_the_other_each_is_told_one_more(service: Db, open_service: OpenService, post: UUID) -> None:
    """On connections of their own."""
    assert [set_like(open_service(), post, f"session-{number}") for number in range(1, 4)] == [
        (True, 1),
        (True, 2),
        (True, 3),
    ]


def test_an_open_transaction_sees_its_own_like_and_others_do_not(
    service: Db, open_service: OpenService, post: UUID
) -> None:
    """As a count does."""
    rater = open_service(autocommit=False)
    assert set_like(rater, post, "held-open") == (True, 1)
    assert (shown(rater, post), shown(service, post)) == ([1], [0])
    assert set_like(service, post, "other") == (True, 1)
    rater.commit()
    assert shown(service, post) == [2]


def test_a_sync_in_progress_is_active_too(service: Db, post: UUID) -> None:
    """Between its claim and its count."""
    rate(service, post)
    let_windows_end(service)
    jobs = claim_syncs(service)
    assert shown(service, post) == [1]
    settle(service, *sync(service, jobs))
    assert (shown(service, post), sync_jobs(service)) == ([1], [])


def test_a_direct_write_shows_at_once(service: Db, post: UUID) -> None:
    """Whoever rates asks for a sync, so the post is counted."""
    rate(service, post)
    assert shown(service, post) == [1]
    unrate(service, post)
    assert shown(service, post) == [0]


@pytest.mark.parametrize(("number", "told"), [(1000, 1000), (1001, 990)])
def test_more_than_a_thousand_are_not_counted(service: Db, post: UUID, number: int, told: int) -> None:
    """People read "1.2k" there: the stored number, moved by the call's own change."""
    rate_many(service, post, number)
    drain(service)
    service.execute("update public.posts_new set likes = 990")
    unrate(service, post, "session-1")
    rate(service, post, "session-1")
    assert shown(service, post) == [told]
    set_like(service, post, "session-1", liked=False)
    assert set_like(service, post, "session-1") == (True, told + (number > 1000))


def test_only_posts_with_an_active_sync_are_counted(service: Db) -> None:
    """The others' stored numbers are exact, and counting costs."""
    quiet, active = make_post(service), make_post(service)
    rate(service, quiet)
    rate(service, active)
    drain(service)
    rate(service, active, "session-2")
    service.execute("update public.posts_new set likes = 7 where id = %s", [quiet])
    assert shown(service, quiet, active) == [7, 2]
