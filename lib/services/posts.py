"""Posts, as the frontend uses them: a user adds one, anyone reads pages of them."""

import base64
import json
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from lib.caller import Caller
from lib.errors import InvalidInput, NotAuthenticated
from lib.model import Model, Row, Text
from lib.resources import Resources

MAX_IDS = 100
MAX_CAPTION_CHARACTERS = 2200
MAX_URL_CHARACTERS = 2048

type Sort = Literal["hot", "new"]


class NewPostRequest(Model):
    """A post to add. imageUrl: http or https, on a host that images are fetched from; or a path in IMAGE_BUCKET."""

    caption: Text | None = Field(None, max_length=MAX_CAPTION_CHARACTERS)
    image_url: Text = Field(min_length=1, max_length=MAX_URL_CHARACTERS)


class PostsQuery(Model):
    """Which page: `cursor` is the nextCursor of the page before, of the same sort. Or which posts, by their ids."""

    id: tuple[UUID, ...] = Field((), max_length=MAX_IDS)
    sort: Sort = "new"
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=500)


class Thumbnail(Model):
    """A smaller copy. size: what was asked for, such as "150" for a square; it is never enlarged."""

    size: str
    width: int
    height: int
    url: str


class PostImage(Model):
    """The image as it is shown."""

    width: int
    height: int
    blurhash: str
    webp_url: str
    jpeg_url: str
    thumbnails: tuple[Thumbnail, ...]


class Post(Model):
    """A post. image is null until its image is processed."""

    id: UUID
    user_id: UUID | None
    caption: str | None
    image_url: str | None
    likes: int
    created_at: datetime
    image: PostImage | None


class NewPostReply(Model):
    """The post, and the job that processes its image."""

    post: Post
    job_id: UUID


class PostsReply(Model):
    """One page; nextCursor is null on the last one."""

    posts: tuple[Post, ...]
    next_cursor: str | None


class ListedPost(Row):
    """A row of list_posts: a post, the key that its page is sorted by, and whether another post follows."""

    id: UUID
    user_id: UUID | None
    caption: str | None
    image_url: str | None
    likes: int
    created_at: datetime
    image: PostImage | None
    sort_key: str
    has_more: bool

    def to_post(self) -> Post:
        """Return the post without its key."""
        return Post.model_validate({name: getattr(self, name) for name in Post.model_fields})


async def create_post(request: NewPostRequest, resources: Resources, caller: Caller) -> NewPostReply:
    """Add a post for the user who calls; its image job comes with it, in the same transaction.

    Raises:
        InvalidInput: the image's URL is not one that is fetched.
        TooMany: the user has too many unfinished image jobs.
    """
    if caller.user_id is None:
        raise NotAuthenticated("only a user can add a post")
    if refusal := resources.outside.check_image(request.image_url):
        raise InvalidInput("imageUrl", refusal.reason)
    return await resources.database.rpc(
        "create_post", NewPostReply, user_id=caller.user_id, caption=request.caption, image_url=request.image_url
    )


async def list_posts(query: PostsQuery, resources: Resources, _: Caller) -> PostsReply:
    """Return one page of posts, newest or hottest first. The hottest are those that were ranked last.

    A page of large posts holds fewer than `limit`. With ids it holds those of the posts that exist, in this order.

    Raises:
        InvalidInput: the cursor belongs to the other sort order, or is not a cursor at all, or stands beside ids.
    """
    if query.id:
        return await _posts_by_id(query, resources)
    after_key, after_id = (None, None) if query.cursor is None else _read_cursor(query.cursor, query.sort)
    # One more than asked for: it tells whether there is a next page.
    rows = await resources.database.rpc(
        "list_posts",
        list[ListedPost],
        sort=query.sort,
        max_posts=query.limit + 1,
        after_key=after_key,
        after_id=after_id,
    )
    page = rows[: query.limit]
    last = page[-1] if page and page[-1].has_more else None
    return PostsReply(
        posts=tuple(row.to_post() for row in page),
        next_cursor=None if last is None else _cursor(query.sort, last.sort_key, last.id),
    )


async def _posts_by_id(query: PostsQuery, resources: Resources) -> PostsReply:
    if query.cursor is not None:
        raise InvalidInput("cursor", "is of a page, and ids are no page")
    rows = await resources.database.rpc(
        "list_posts", list[ListedPost], sort=query.sort, max_posts=MAX_IDS, post_ids=query.id
    )
    return PostsReply(posts=tuple(row.to_post() for row in rows), next_cursor=None)


# -- cursors: opaque to the caller, a JSON array in base64url

_PLACES: dict[str, TypeAdapter[tuple[str, datetime | float, UUID]]] = {
    "new": TypeAdapter(tuple[Literal["new"], AwareDatetime, UUID]),
    "hot": TypeAdapter(tuple[Literal["hot"], Annotated[float, Field(allow_inf_nan=False)], UUID]),
}


def _cursor(sort: Sort, key: str, post_id: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, key, str(post_id)]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: Sort) -> tuple[str, UUID]:
    """The sort_key and the id of the post that the page comes after."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        _, key, post_id = _PLACES[sort].validate_python(place)
        if not isinstance(place[1], str):
            raise ValueError("the key is written as text")
    except (ValueError, ValidationError, RecursionError):
        raise InvalidInput("cursor", f"must be the nextCursor of a page sorted by {sort}") from None
    return key.isoformat() if isinstance(key, datetime) else repr(key), post_id
