"""Telling caches what was counted, once the counts are stored."""

from collections.abc import Sequence
from uuid import UUID

from lib.model import Row
from lib.resources import Resources


class _Counted(Row):
    """A row of post_like_counts."""

    post_id: UUID
    likes: int
    version: int


async def tell_caches(resources: Resources, post_ids: Sequence[UUID]) -> None:
    """Read these posts' counts with their versions, and tell all caches that the settings name.

    Raises:
        DatabaseError, CacheFailure: see there.
    """
    caches = resources.outside.caches
    if caches is None:
        return
    from lib.outside.caches import CountedLikes  # noqa: PLC0415 - it brings httpx, which few deployments need here

    rows = await resources.database.rpc("post_like_counts", list[_Counted], post_ids=post_ids)
    await caches.tell([CountedLikes(row.post_id, row.likes, row.version) for row in rows])
