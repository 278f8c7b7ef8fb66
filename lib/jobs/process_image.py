"""process_image: make a post's image fit to be shown: upright, without metadata, in sRGB, at most 1440 pixels a side.

Asked for by the trigger on posts_new, whose priority and attempts are those below.
"""

import asyncio
from uuid import UUID

from pydantic import Field

from lib.jobs._post_files import NOT_STORED, store_file
from lib.jobs._verdicts import conclude
from lib.jobs.generate_thumbnail import GenerateThumbnail
from lib.outside import Rendition
from lib.queue import Completed, Discard, JobContext, NewJob, Outcome, Payload, Policy, enqueue, job

THUMBNAIL_SIZES = (150, 320, 640)


class ProcessImage(Payload):
    """The post, and where its image is: a URL, or a path in IMAGE_BUCKET."""

    post_id: UUID
    image_url: str = Field(min_length=1, max_length=2048)


@job("process_image", payload=ProcessImage, policy=Policy(timeout_s=6, priority=3, max_attempts=4))
async def process_image(request: ProcessImage, context: JobContext) -> Outcome:
    """Fetch the image, store it as WebP and JPEG, show it in the post, and ask for its thumbnails.

    Safe to repeat: the files are named after their content, the row after its post; thumbnails are made again.
    """
    if not await context.database.rpc("post_exists", bool, post_id=request.post_id):
        return Discard(NOT_STORED["gone"])
    image = await context.outside.render_image(request.image_url, context.remaining_s)
    if not isinstance(image, Rendition):
        return conclude(image, context)
    shown = await _store(request.post_id, image, context)
    answer = await context.database.rpc(
        "store_post_image", str, post_id=request.post_id, source_url=request.image_url, **shown
    )
    if answer != "stored":
        return Discard(NOT_STORED[answer])
    thumbnails = GenerateThumbnail(image_url=str(shown["webp_url"]), sizes=THUMBNAIL_SIZES, post_id=request.post_id)
    # Without a key: the post may have had this image before. A key that the earlier job holds would add no job, and the
    # post would keep the thumbnails of the image in between.
    enqueued = await enqueue(context.database, NewJob(thumbnails))
    return Completed({**shown, "thumbnails_job_id": str(enqueued.id)})


async def _store(post_id: UUID, image: Rendition, context: JobContext) -> dict[str, str | int]:
    """Upload both files, side by side, and return what store_post_image takes."""
    webp_url, jpeg_url = await asyncio.gather(
        store_file(context.storage, post_id, image.webp, "webp"),
        store_file(context.storage, post_id, image.jpeg, "jpeg"),
    )
    pixels = {"width": image.width, "height": image.height}
    return {**pixels, "blurhash": image.blurhash, "webp_url": webp_url, "jpeg_url": jpeg_url}
