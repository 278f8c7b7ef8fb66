"""process_image: make the stored sizes of a post's image."""

from uuid import UUID

from pydantic import Field

from lib.errors import PermanentFailure
from lib.queue.context import JobContext
from lib.queue.outcome import Outcome
from lib.queue.policy import Policy
from lib.queue.registry import Payload, job


class ProcessImage(Payload):
    """What to work on."""

    post_id: UUID
    image_url: str = Field(min_length=1, max_length=2048)


@job("process_image", payload=ProcessImage, policy=Policy(timeout_s=6, priority=3, max_attempts=4))
async def process_image(request: ProcessImage, context: JobContext) -> Outcome:
    """Fail for good: this type is not implemented yet."""
    raise PermanentFailure("process_image is not implemented yet")
