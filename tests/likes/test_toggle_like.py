"""toggle_like turns a session's like around: each call is a click, and none is lost."""

from collections import Counter
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.likes.posts import drain, likes, make_post, ratings, set_like, sync_jobs, toggle_like
from tests.sql.calls import Db
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once, meanwhile, wait_until_blocked


def test_each_click_turns_it_around(service: Db) -> None:
    """The answer is what a count says after this click."""
    post = make_post(service)
    assert [toggle_like(service, post) for _ in range(3)] == [(True, 1), (False, 0), (True, 1)]
    assert ratings(service, post) == 1


def test_an_unknown_post_has_no_row(service: Db) -> None:
    """And leaves nothing behind."""
    assert toggle_like(service, uuid4()) is None
    assert sync_jobs(service) == []


def test_a_double_click_is_two_clicks(service: Db, open_service: OpenService, post: UUID) -> None:
    """The second waits for the first, then takes it back: never an error, never two ratings."""
    first, second = open_service(autocommit=False), open_service()
    assert toggle_like(first, post) == (True, 1)
    with meanwhile(toggle_like, second, post) as clicked:
        wait_until_blocked(service, second)
        first.commit()
    assert clicked.result() == (False, 0)
    assert ratings(service, post) == 0


def test_a_double_click_on_a_liked_post_likes_it_again(service: Db, open_service: OpenService, post: UUID) -> None:
    """Off and on: the other way round."""
    set_like(service, post)
    drain(service)
    first, second = open_service(autocommit=False), open_service()
    assert toggle_like(first, post) == (False, 0)
    with meanwhile(toggle_like, second, post) as clicked:
        wait_until_blocked(service, second)
        first.commit()
    assert clicked.result() == (True, 1)
    drain(service)
    assert (likes(service, post), ratings(service, post)) == (1, 1)


def test_a_click_that_is_rolled_back_never_was(service: Db, open_service: OpenService, post: UUID) -> None:
    """The second click is then the first."""
    first, second = open_service(autocommit=False), open_service()
    toggle_like(first, post)
    with meanwhile(toggle_like, second, post) as clicked:
        wait_until_blocked(service, second)
        first.rollback()
    assert clicked.result() == (True, 1)
    drain(service)
    assert likes(service, post) == 1


def test_many_clicks_of_one_session_at_once_are_all_counted(service: Db, open_service: OpenService, post: UUID) -> None:
    """Eight impatient fingers: as many on as off, and the post is as it was."""
    fingers = [open_service() for _ in range(8)]
    answers = all_at_once(lambda finger: [toggle_like(finger, post) for _ in range(25)], fingers)
    clicks = Counter(state[0] for each in answers for state in each if state)
    assert clicks == {True: 100, False: 100}
    assert ratings(service, post) == 0
    drain(service)
    assert likes(service, post) == 0


def test_different_sessions_do_not_wait_for_each_other(service: Db, open_service: OpenService, post: UUID) -> None:
    """Also on the same post."""
    first = open_service(autocommit=False)
    toggle_like(first, post, "session-1")
    service.execute("set lock_timeout = '100ms'")
    assert toggle_like(service, post, "session-2") == (True, 1)


def test_a_post_that_is_deleted_meanwhile_is_no_such_post(service: Db, open_service: OpenService, post: UUID) -> None:
    """Never a foreign key error."""
    deleter, rater = open_service(autocommit=False), open_service()
    deleter.execute("delete from public.posts_new where id = %s", [post])
    with meanwhile(toggle_like, rater, post) as clicked:
        wait_until_blocked(service, rater)
        deleter.commit()
    assert clicked.result() is None
    assert sync_jobs(service) == []


def test_a_post_whose_deletion_is_rolled_back_is_liked(service: Db, open_service: OpenService, post: UUID) -> None:
    """It is still there."""
    deleter, rater = open_service(autocommit=False), open_service()
    deleter.execute("delete from public.posts_new where id = %s", [post])
    with meanwhile(set_like, rater, post) as liked:
        wait_until_blocked(service, rater)
        deleter.rollback()
    assert liked.result() == (True, 1)


def test_a_trigger_of_the_app_s_that_suppresses_ratings_is_an_error(service: Db, db: Db, post: UUID) -> None:
    """Neither removed nor added, again and again: it must not try for ever."""
    db.execute("create function public.suppress() returns trigger language plpgsql as 'begin return null; end'")
    db.execute(
        "create trigger app_suppresses before insert on public.post_ratings "
        "for each row execute function public.suppress()"
    )
    service.execute("set statement_timeout = '5s'")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="neither removed nor added"):
        toggle_like(service, post)
