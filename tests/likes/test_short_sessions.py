"""Session ids shorter than the API asks for: an adopted app's go on, new ones are refused where the caller wants it."""

from uuid import UUID

import psycopg
import pytest

from tests.likes.posts import make_post, rate, ratings
from tests.sql.calls import Db, rpc

SHORT = "V1StGXR8"


def like(db: Db, post: UUID, session: str, *, liked: bool = True) -> bool:
    """Call set_like as the API does."""
    (state,) = rpc(db, "set_like", post_id=post, session_id=session, liked=liked, refuse_short_new_session=True)
    return bool(state["liked"])


def test_a_short_session_that_is_stored_likes_and_unlikes(service: Db, post: UUID) -> None:
    """It could never take its likes back: 422."""
    rate(service, post, SHORT)
    other = make_post(service)
    assert like(service, other, SHORT)
    assert not like(service, post, SHORT, liked=False)
    assert (ratings(service, post), ratings(service, other)) == (0, 1)


def test_it_may_like_again_after_its_last_unlike(service: Db, post: UUID) -> None:
    """The table has no rating of it then."""
    rate(service, post, SHORT)
    assert not like(service, post, SHORT, liked=False)
    assert like(service, post, SHORT)
    (toggled,) = rpc(service, "toggle_like", post_id=post, session_id=SHORT, refuse_short_new_session=True)
    assert not toggled["liked"]
    (toggled,) = rpc(service, "toggle_like", post_id=post, session_id=SHORT, refuse_short_new_session=True)
    assert toggled["liked"]


def test_a_short_new_session_is_refused(service: Db, post: UUID) -> None:
    """A session id is a secret; a short one can be guessed."""
    for function, arguments in (("set_like", {"liked": True}), ("toggle_like", {})):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="at least 16") as refused:
            rpc(service, function, post_id=post, session_id="s" * 15, refuse_short_new_session=True, **arguments)
        assert refused.value.diag.column_name == "session_id"
    assert like(service, post, "s" * 16)
    assert ratings(service, post) == 1


def test_taking_back_what_was_never_given_is_no_way_in(service: Db, post: UUID) -> None:
    """Only an unlike that took something back is remembered."""
    assert not like(service, post, SHORT, liked=False)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        like(service, post, SHORT)


def test_trusted_callers_use_any_session(service: Db, post: UUID) -> None:
    """The rule is for what comes from outside."""
    (state,) = rpc(service, "set_like", post_id=post, session_id="s", liked=True)
    assert state["liked"]
