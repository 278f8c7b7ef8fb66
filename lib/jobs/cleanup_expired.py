"""cleanup_expired: delete what has been kept long enough."""

from pydantic import Field

from lib.errors import PermanentFailure
from lib.queue.context import JobContext
from lib.queue.outcome import Outcome
from lib.queue.policy import Policy
from lib.queue.registry import Payload, job


class CleanupExpired(Payload):
    """What to work on."""

    older_than_days: int = Field(30, ge=1, le=3650)


@job("cleanup_expired", payload=CleanupExpired, policy=Policy(timeout_s=5))
async def cleanup_expired(request: CleanupExpired, context: JobContext) -> Outcome:
    """Fail for good: this type is not implemented yet."""
    raise PermanentFailure("cleanup_expired is not implemented yet")
