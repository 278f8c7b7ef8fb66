"""generate_thumbnail: make smaller copies of an image. Asked for by process_image, and by trusted services."""

import asyncio
from functools import partial
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from lib.images import Busy, Fitted, Thumbnail, make_thumbnails, store_file, work_on_image
from lib.outside import image_hosts
from lib.queue import Completed, Discard, JobContext, Outcome, Payload, Policy, Snooze, job

# What the database says when it has not stored an image or its thumbnails.
NOT_STORED = {"gone": "the post is gone", "outdated": "the post has another image by now"}
# Other images had to be worked on first.
BUSY = Snooze(1, "other images are being worked on")

type Side = Annotated[int, Field(ge=1, le=4096)]


class Box(Payload):
    """A box that the whole image fits into. One side may be left open."""

    width: Side | None = None
    height: Side | None = None

    @model_validator(mode="after")
    def has_a_side(self) -> Self:
        """Refuse a box without sides."""
        if self.width is None and self.height is None:
            raise ValueError("a size needs a width or a height")
        return self


class GenerateThumbnail(Payload):
    """The image, and for each size a number for a square cut from its middle, or a box. With a post_id the
    copies become that post's thumbnails."""

    image_url: str = Field(min_length=1, max_length=2048)
    sizes: tuple[Side | Box, ...] = Field(min_length=1, max_length=10)
    post_id: UUID | None = None


@job("generate_thumbnail", payload=GenerateThumbnail, policy=Policy(timeout_s=5, priority=1, max_attempts=4))
async def generate_thumbnail(request: GenerateThumbnail, context: JobContext) -> Outcome:
    """Store one copy, as WebP, for each size. Copies are never enlarged, and at most 1440 pixels a side.

    Safe to repeat: the files are named after their content, the rows after their sizes.
    """
    if request.post_id is not None and not await context.database.rpc("post_exists", bool, post_id=request.post_id):
        return Discard(NOT_STORED["gone"])
    sizes = [size if isinstance(size, int) else Fitted(size.width, size.height) for size in request.sizes]
    make = partial(make_thumbnails, sizes=sizes)
    try:
        copies = await work_on_image(request.image_url, image_hosts(context.settings), make, context.remaining_s)
    except Busy:
        return BUSY
    stored = await _store(request, copies, context)
    if request.post_id is not None:
        answer = await context.database.rpc(
            "store_post_thumbnails", str, post_id=request.post_id, source_url=request.image_url, thumbnails=stored
        )
        if answer != "stored":
            return Discard(NOT_STORED[answer])
    return Completed({"thumbnails": stored})


async def _store(
    request: GenerateThumbnail, copies: list[Thumbnail], context: JobContext
) -> list[dict[str, str | int]]:
    """Upload the files, side by side, and return what store_post_thumbnails takes. Sizes that a small image does not
    fill are the same file: it is uploaded once."""
    contents = list({copy.webp for copy in copies})
    uploads = [store_file(context.storage, request.post_id, content, "webp") for content in contents]
    urls = dict(zip(contents, await asyncio.gather(*uploads), strict=True))
    return [
        {"size": _label(size), "width": copy.width, "height": copy.height, "url": urls[copy.webp]}
        for size, copy in zip(request.sizes, copies, strict=True)
    ]


def _label(size: int | Box) -> str:
    """150 -> "150", a box 320 wide -> "320x"."""
    return str(size) if isinstance(size, int) else f"{size.width or ''}x{size.height or ''}"
