"""A session, and an address, change likes only so often within a minute; nobody waits for anybody because of it."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.likes.posts import make_post, ratings
from tests.sql.calls import Db, Row, rpc
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once

ADDRESS = "hash-of-an-address"


class TooManyError(Exception):
    """What the API answers as 429."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(error.diag.message_primary)
        self.wait_seconds = int(error.diag.message_detail or "")
        self.hint = error.diag.message_hint


def click(db: Db, post: UUID, session: str = "session-1", **limits: Any) -> Row:
    """Call toggle_like with limits."""
    try:
        (state,) = rpc(db, "toggle_like", post_id=post, session_id=session, **limits)
    except psycopg.Error as error:
        if error.sqlstate == "PT429":
            raise TooManyError(error) from error
        raise
    return state


def age_windows(db: Db, seconds: int) -> None:
    """Let the callers' minutes have begun earlier."""
    db.execute(
        "update queue_private.like_calls set window_began_at = window_began_at - make_interval(secs => %s)", [seconds]
    )


def test_a_session_that_clicks_too_often_is_refused(service: Db, post: UUID) -> None:
    """It is told how long to wait, and what it did stays."""
    for _ in range(3):
        click(service, post, session_limit=3)
    with pytest.raises(TooManyError) as refused:
        click(service, post, session_limit=3)
    assert 55 <= refused.value.wait_seconds <= 60
    assert refused.value.hint == f"Try again in {refused.value.wait_seconds} seconds."
    assert ratings(service, post) == 1


def test_set_like_has_the_same_limits(service: Db, post: UUID) -> None:
    """Both ways to like count together."""
    click(service, post, session_limit=1)
    with pytest.raises(psycopg.Error) as refused:
        rpc(service, "set_like", post_id=post, session_id="session-1", liked=False, session_limit=1)
    assert refused.value.sqlstate == "PT429"
    assert ratings(service, post) == 1


def test_a_minute_later_it_goes_on(service: Db, post: UUID) -> None:
    """The wait that it was told is the time that is left of its minute."""
    click(service, post, session_limit=1)
    age_windows(service, 40)
    with pytest.raises(TooManyError) as refused:
        click(service, post, session_limit=1)
    assert 15 <= refused.value.wait_seconds <= 20
    age_windows(service, 20)
    assert not click(service, post, session_limit=1)["liked"]


def test_sessions_of_one_address_share_its_limit(service: Db, post: UUID) -> None:
    """New session ids cost nothing to make."""
    for number in range(5):
        click(service, post, f"session-{number}", address_hash=ADDRESS, session_limit=2, address_limit=5)
    with pytest.raises(TooManyError):
        click(service, post, "session-9", address_hash=ADDRESS, session_limit=2, address_limit=5)
    assert click(service, post, "session-9", address_hash="another", session_limit=2, address_limit=5)["liked"]
    assert ratings(service, post) == 6


def test_a_refused_call_is_not_counted(service: Db, post: UUID) -> None:
    """Whoever tries on and on is let in as soon as the minute is over, and spends nothing of the address's."""
    click(service, post, address_hash=ADDRESS, session_limit=1, address_limit=2)
    for _ in range(5):
        with pytest.raises(TooManyError):
            click(service, post, address_hash=ADDRESS, session_limit=1, address_limit=2)
    assert click(service, post, "session-2", address_hash=ADDRESS, session_limit=1, address_limit=2)["liked"]


@pytest.mark.parametrize("limits", [{}, {"session_limit": 0, "address_limit": 0, "address_hash": ADDRESS}])
def test_without_limits_nothing_is_counted(service: Db, post: UUID, limits: dict[str, Any]) -> None:
    """Zero is no limit, and costs nothing."""
    for _ in range(5):
        click(service, post, **limits)
    assert service.execute("select from queue_private.like_calls").fetchall() == []


def test_an_unknown_address_is_limited_by_session_only(service: Db, post: UUID) -> None:
    """A platform that does not tell the address must not lock everybody out together."""
    click(service, post, "session-1", session_limit=1, address_limit=1)
    click(service, post, "session-2", session_limit=1, address_limit=1)


def test_callers_of_one_address_do_not_wait_for_each_other(service: Db, open_service: OpenService) -> None:
    """Ten transactions held open at once, behind one address; afterwards all of them are counted."""
    post = make_post(service)
    click(service, post, "session-0", address_hash=ADDRESS, address_limit=11)
    callers = [open_service(autocommit=False) for _ in range(10)]
    for number, caller in enumerate(callers, 1):
        caller.execute("set local lock_timeout = '200ms'")
        click(caller, post, f"session-{number}", address_hash=ADDRESS, address_limit=11)
    for caller in callers:
        caller.commit()
    with pytest.raises(TooManyError):
        click(service, post, "session-99", address_hash=ADDRESS, address_limit=11)


def test_many_calls_at_once_are_all_counted(service: Db, open_service: OpenService, post: UUID) -> None:
    """Not one is lost to another, and there are about as many rows as callers, not as calls."""
    callers = list(enumerate(open_service() for _ in range(6)))
    all_at_once(
        lambda each: [
            click(each[1], post, f"session-{each[0]}", address_hash=ADDRESS, address_limit=1000) for _ in range(20)
        ],
        callers,
    )
    (row,) = service.execute("select sum(calls) as calls, count(*) as rows from queue_private.like_calls").fetchall()
    assert row["calls"] == 120
    assert row["rows"] <= 40


def test_old_rows_go_when_new_ones_come(service: Db, post: UUID) -> None:
    """Addresses are kept for minutes, and the table does not grow with the number of sessions that there ever were."""
    for number in range(20):
        click(service, post, f"session-{number}", address_hash=ADDRESS, session_limit=60, address_limit=1000)
    age_windows(service, 61)
    for number in range(6):
        click(service, post, f"later-{number}", session_limit=60)
    (row,) = service.execute("select count(*) as rows from queue_private.like_calls").fetchall()
    assert row["rows"] == 6


def test_neither_sessions_nor_addresses_are_kept_as_they_are(service: Db, post: UUID) -> None:
    """A session id is a secret."""
    click(service, post, "the-session-of-someone", address_hash=ADDRESS, session_limit=5, address_limit=5)
    stored = str(service.execute("select * from queue_private.like_calls").fetchall())
    assert "the-session" not in stored
    assert ADDRESS not in stored
