"""Likes, as the frontend uses them: read the state of many posts, toggle one, set one."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from lib.caller import Caller
from lib.errors import NotFound
from lib.model import Model, Row, Text
from lib.resources import Resources

SessionId = Annotated[Text, Field(min_length=16, max_length=128)]


class RatingsQuery(Model):
    """Up to 100 posts, and the session that looks at them."""

    post_id: tuple[UUID, ...] = Field(min_length=1, max_length=100)
    session_id: SessionId


class ToggleRequest(Model):
    """A click."""

    post_id: UUID
    session_id: SessionId


class SetLikeRequest(ToggleRequest):
    """A click that says what it wants."""

    liked: bool = Field(strict=True)


class Rating(Model):
    """Whether the session likes the post, and how many do."""

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


async def read_ratings(query: RatingsQuery, resources: Resources, _: Caller) -> Ratings:
    """Return the like state of the posts; unknown ones are left out."""
    post_ids = tuple(dict.fromkeys(query.post_id))
    return Ratings(
        ratings=await resources.database.rpc(
            "like_states", tuple[Rating, ...], post_ids=post_ids, session_id=query.session_id
        )
    )


async def toggle_like(request: ToggleRequest, resources: Resources, _: Caller) -> Rating:
    """Turn the session's like around.

    Raises:
        NotFound: there is no such post.
    """
    states = await resources.database.rpc(
        "toggle_like", list[LikeState], post_id=request.post_id, session_id=request.session_id
    )
    return _rating(request.post_id, states)


async def set_like(request: SetLikeRequest, resources: Resources, _: Caller) -> Rating:
    """Like or unlike; safe to repeat.

    Raises:
        NotFound: there is no such post.
    """
    states = await resources.database.rpc(
        "set_like", list[LikeState], post_id=request.post_id, session_id=request.session_id, liked=request.liked
    )
    return _rating(request.post_id, states)


def _rating(post_id: UUID, states: list[LikeState]) -> Rating:
    if not states:
        raise NotFound("there is no such post")
    return Rating(post_id=post_id, liked=states[0].liked, likes=states[0].likes)
