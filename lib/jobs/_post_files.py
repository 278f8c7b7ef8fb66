"""A post's images in Storage: files that are named after their content, in the folder of their post, for ever."""

from hashlib import sha256
from typing import TYPE_CHECKING, Literal
from uuid import UUID

if TYPE_CHECKING:  # it takes long to import, and few jobs store files
    from lib.database.storage import Storage

BUCKET = "post-images"
# The folder of images that belong to no post.
SHARED = "shared"
# What the database says when it has not stored an image or its thumbnails.
NOT_STORED = {"gone": "the post is gone", "outdated": "the post has another image by now"}
# A name always means the same bytes, so a copy never has to be asked for again (RFC 8246).
CACHE_CONTROL = "31536000, immutable"


def content_name(content: bytes) -> str:
    """Return 128 bits of the content's SHA-256."""
    return sha256(content).hexdigest()[:32]


async def store_file(storage: "Storage", post_id: UUID | None, content: bytes, kind: Literal["webp", "jpeg"]) -> str:
    """Upload a file and return the public URL. Safe to repeat: the same content is the same file.

    Raises:
        DatabaseUnavailable, DatabaseTimeout, DatabaseRejected: Storage did not take it.
    """
    name = f"{post_id or SHARED}/{content_name(content)}.{kind}"
    return await storage.upload(BUCKET, name, content, f"image/{kind}", CACHE_CONTROL)
