"""Likes, as the frontend uses them: read the state of many posts, toggle one, set one."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from lib.call import Call
from lib.database import Row
from lib.errors import NotFound
from lib.model import Model

# Any text that Postgres can store: it has no NUL.
SessionId = Annotated[str, Field(min_length=16, max_length=128, pattern=r"^[^\x00]*$")]


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
    """Whether the session likes the post, and how many do. After a change, likes is the stored count moved by it."""

    post_id: UUID
    liked: bool
    likes: int


class Ratings(Model):
    """One for each post that exists."""

    ratings: tuple[Rating, ...]


async def read_ratings(query: RatingsQuery, call: Call) -> Ratings:
    """The like state of the posts; unknown ones are left out."""
    rows = await call.database.like_states(tuple(dict.fromkeys(query.post_id)), query.session_id)
    return Ratings(ratings=tuple(Rating.model_validate(row) for row in rows))


async def toggle_like(request: ToggleRequest, call: Call) -> Rating:
    """Turn the session's like around.

    Raises:
        NotFound: there is no such post.
    """
    return _rating(request.post_id, await call.database.toggle_like(request.post_id, request.session_id))


async def set_like(request: SetLikeRequest, call: Call) -> Rating:
    """Like or unlike; safe to repeat.

    Raises:
        NotFound: there is no such post.
    """
    return _rating(request.post_id, await call.database.set_like(request.post_id, request.session_id, request.liked))


def _rating(post_id: UUID, rows: list[Row]) -> Rating:
    if not rows:
        raise NotFound("there is no such post")
    return Rating(post_id=post_id, **rows[0])
