"""sync_like_count: make a post's stored like count equal its ratings. Asked for by the triggers on post_ratings."""

from collections.abc import Sequence
from uuid import UUID

from lib.errors import NotReady
from lib.queue.context import JobContext
from lib.queue.outcome import Completed
from lib.queue.policy import Policy
from lib.queue.registry import Answer, Payload, batch_job


class SyncLikeCount(Payload):
    """The post to count."""

    post_id: UUID


@batch_job(
    "sync_like_count",
    payload=SyncLikeCount,
    policy=Policy(timeout_s=3, priority=5, max_attempts=10),
    batch=200,
)
async def sync_like_count(requests: Sequence[SyncLikeCount], context: JobContext) -> Sequence[Answer]:
    """Count many posts in one call. A post that another transaction holds is tried again, without counting."""
    wanted = {request.post_id for request in requests}
    rows = await context.database.sync_post_like_counts(sorted(wanted), context.remaining_s())
    likes = {UUID(row["post_id"]): row["likes"] for row in rows}
    return [
        Completed({"likes": likes[request.post_id]})
        if request.post_id in likes
        else NotReady("the post is locked by another transaction", seconds=2)
        for request in requests
    ]
