"""Likes, as the frontend uses them: read the state of many posts, toggle one, set one."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import Field

from lib.caller import Caller
from lib.errors import NotFound
from lib.model import Model, Row
from lib.resources import Resources
from lib.services.sessions import SessionId, like_limits, session_of


class RatingsQuery(Model):
    """Up to 100 posts, and the session that looks at them."""

    post_id: tuple[UUID, ...] = Field(min_length=1, max_length=100)
    session_id: SessionId | None = None


class ToggleRequest(Model):
    """A click."""

    post_id: UUID
    session_id: SessionId | None = None


class SetLikeRequest(ToggleRequest):
    """A click that says what it wants."""

    liked: bool = Field(strict=True)


class Rating(Model):
    """Whether the session likes the post, and how many do: what a count at that moment would say."""

    post_id: UUID
    liked: bool
    likes: int


class Ratings(Model):
    """One for each post that exists."""

    ratings: tuple[Rating, ...]


class LikeState(Row):
    """The SQL type like_state."""

    liked: bool
    likes: int


async def read_ratings(query: RatingsQuery, resources: Resources, caller: Caller) -> Ratings:
    """Return the like state of the posts; unknown ones are left out.

    Raises:
        InvalidInput, NotAuthenticated: see session_of.
    """
    session_id = await session_of(query.session_id, resources, caller)
    post_ids = tuple(dict.fromkeys(query.post_id))
    return Ratings(
        ratings=await resources.database.rpc(
            "like_states", tuple[Rating, ...], post_ids=post_ids, session_id=session_id
        )
    )


async def toggle_like(request: ToggleRequest, resources: Resources, caller: Caller) -> Rating:
    """Turn the session's like around.

    Raises:
        NotFound: there is no such post.
        InvalidInput, NotAuthenticated: see session_of.
        TooMany: more often than the limits allow.
    """
    states = await resources.database.rpc("toggle_like", list[LikeState], **await _change(request, resources, caller))
    return _rating(request.post_id, states)


async def set_like(request: SetLikeRequest, resources: Resources, caller: Caller) -> Rating:
    """Like or unlike; safe to repeat.

    Raises:
        NotFound: there is no such post.
        InvalidInput, NotAuthenticated: see session_of.
        TooMany: more often than the limits allow.
    """
    states = await resources.database.rpc(
        "set_like", list[LikeState], liked=request.liked, **await _change(request, resources, caller)
    )
    return _rating(request.post_id, states)


async def _change(request: ToggleRequest, resources: Resources, caller: Caller) -> dict[str, Any]:
    """Return what both ways to change a like are told."""
    return {
        "post_id": request.post_id,
        "session_id": await session_of(request.session_id, resources, caller),
        "refuse_short_new_session": True,
        **asdict(like_limits(resources.settings, caller)),
    }


def _rating(post_id: UUID, states: list[LikeState]) -> Rating:
    if not states:
        raise NotFound("there is no such post")
    return Rating(post_id=post_id, liked=states[0].liked, likes=states[0].likes)
