"""recompute_rankings: rank the recent posts by a hot score. Asked for by a schedule, every ten minutes."""

from pydantic import Field

from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from lib.queue.policy import Policy
from lib.queue.registry import Payload, job


class RecomputeRankings(Payload):
    """How many posts, the newest first, are ranked."""

    limit: int = Field(1000, ge=1, le=10000)


@job("recompute_rankings", payload=RecomputeRankings, policy=Policy(timeout_s=3))
async def recompute_rankings(request: RecomputeRankings, context: JobContext) -> Outcome:
    """Rank them in one statement: readers see the ranking before or after. The score is hot_score's, in SQL."""
    return Completed(await context.database.recompute_rankings(request.limit, context.remaining_s()))
