"""send_notification: tell a user something."""

from uuid import UUID

from pydantic import Field

from lib.errors import PermanentFailure
from lib.queue.context import JobContext
from lib.queue.outcome import Outcome
from lib.queue.policy import Policy
from lib.queue.registry import Payload, job


class SendNotification(Payload):
    """What to work on."""

    user_id: UUID
    title: str = Field(min_length=1, max_length=200)
    body: str = Field(max_length=2000)
    url: str | None = Field(None, max_length=2048)


@job("send_notification", payload=SendNotification, policy=Policy(timeout_s=5, priority=2, max_attempts=5))
async def send_notification(request: SendNotification, context: JobContext) -> Outcome:
    """Fail for good: this type is not implemented yet."""
    raise PermanentFailure("send_notification is not implemented yet")
