"""generate_thumbnail: make smaller copies of an image. Asked for by process_image, and by trusted services."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from pydantic import Field

from lib.jobs._post_files import NOT_STORED, store_file
from lib.jobs._verdicts import conclude
from lib.outside import Box, Copy, Side
from lib.queue import Completed, Discard, JobContext, Outcome, Payload, Policy, job


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
    copies = await context.outside.copy_image(request.image_url, request.sizes, context.remaining_s)
    if not isinstance(copies, list):
        return conclude(copies, context)
    stored = await _store(request, copies, context)
    if request.post_id is not None:
        answer = await context.database.rpc(
            "store_post_thumbnails", str, post_id=request.post_id, source_url=request.image_url, thumbnails=stored
        )
        if answer != "stored":
            return Discard(NOT_STORED[answer])
    return Completed({"thumbnails": stored})


async def _store(request: GenerateThumbnail, copies: Sequence[Copy], context: JobContext) -> list[dict[str, str | int]]:
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
