"""recompute_rankings: rank the recent posts by a hot score. Asked for by a schedule, every ten minutes."""

from pydantic import Field

from lib.model import Row
from lib.queue import Completed, JobContext, Outcome, Payload, Policy, job


class RecomputeRankings(Payload):
    """How many posts, the newest first, are ranked."""

    limit: int = Field(1000, ge=1, le=10000)


class Ranked(Row):
    """How many posts were ranked, how many of those changed their place, and how many left the ranking."""

    ranked: int
    changed: int
    removed: int


@job("recompute_rankings", payload=RecomputeRankings, policy=Policy(timeout_s=3))
async def recompute_rankings(request: RecomputeRankings, context: JobContext) -> Outcome:
    """Rank them in one statement: readers see the ranking before or after. The score is hot_score's, in SQL."""
    (ranked,) = await context.database.rpc("recompute_rankings", list[Ranked], max_posts=request.limit)
    return Completed(ranked.model_dump())
