"""sync_like_count: make a post's stored like count equal its ratings. Asked for by the triggers on post_ratings."""

from collections.abc import Sequence
from uuid import UUID

from lib.jobs._cached_likes import tell_caches
from lib.model import Row
from lib.queue import BatchOutcome, Completed, JobContext, NotReady, Payload, Policy, batch_job


class SyncLikeCount(Payload):
    """The post to count."""

    post_id: UUID


class LikeCount(Row):
    """The likes of a post; None when the post is gone. A post that somebody else holds locked has no row."""

    post_id: UUID
    likes: int | None


@batch_job(
    "sync_like_count",
    payload=SyncLikeCount,
    policy=Policy(timeout_s=3, priority=5, max_attempts=10),
    batch=200,
)
async def sync_like_count(requests: Sequence[SyncLikeCount], context: JobContext) -> Sequence[BatchOutcome]:
    """Count many posts in one call. A post that another transaction holds is tried again, without counting."""
    wanted = {request.post_id for request in requests}
    counts = await context.database.rpc("sync_post_like_counts", list[LikeCount], target_post_ids=sorted(wanted))
    if context.outside.caches is not None:
        context.follow_ups.add(tell_caches, [count.post_id for count in counts if count.likes is not None])
    likes = {count.post_id: count.likes for count in counts}
    return [
        Completed({"likes": likes[request.post_id]})
        if request.post_id in likes
        else NotReady("the post is locked by another transaction", seconds=2)
        for request in requests
    ]
