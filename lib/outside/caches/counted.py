"""What caches are told."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CountedLikes:
    """The likes of a post. Of two of one post the one with the higher version was read later."""

    post_id: UUID
    likes: int
    version: int
