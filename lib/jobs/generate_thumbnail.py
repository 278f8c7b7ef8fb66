"""generate_thumbnail: make smaller copies of an image."""

from uuid import UUID

from pydantic import Field

from lib.errors import PermanentFailure
from lib.queue.context import JobContext
from lib.queue.outcome import Outcome
from lib.queue.policy import Policy
from lib.queue.registry import Payload, job


class GenerateThumbnail(Payload):
    """What to work on."""

    image_url: str = Field(min_length=1, max_length=2048)
    sizes: tuple[int, ...] = Field(min_length=1, max_length=10)
    post_id: UUID | None = None


@job("generate_thumbnail", payload=GenerateThumbnail, policy=Policy(timeout_s=6, priority=1, max_attempts=4))
async def generate_thumbnail(request: GenerateThumbnail, context: JobContext) -> Outcome:
    """Fail for good: this type is not implemented yet."""
    raise PermanentFailure("generate_thumbnail is not implemented yet")
