"""recompute_rankings: rank the recent posts."""

from pydantic import Field

from lib.errors import PermanentFailure
from lib.queue.context import JobContext
from lib.queue.outcome import Outcome
from lib.queue.policy import Policy
from lib.queue.registry import Payload, job


class RecomputeRankings(Payload):
    """What to work on."""

    limit: int = Field(1000, ge=1, le=10000)


@job("recompute_rankings", payload=RecomputeRankings, policy=Policy(timeout_s=5))
async def recompute_rankings(request: RecomputeRankings, context: JobContext) -> Outcome:
    """Fail for good: this type is not implemented yet."""
    raise PermanentFailure("recompute_rankings is not implemented yet")
