"""audit_like_counts: find posts whose like count is wrong and that no job will sync, and ask for their sync."""

from uuid import UUID

from lib.model import Row
from lib.queue import Completed, JobContext, Outcome, Payload, Policy, job

POSTS_PER_CALL = 1000
# Stop with this much left, so that the page under way can end.
LEAST_REMAINING_S = 1.5


class AuditLikeCounts(Payload):
    """Where to start: after this post, in id order; where the last run stopped unless given."""

    after_post_id: UUID | None = None


class AuditedPage(Row):
    """How many posts were checked and are wrong, and where the next page goes on: None at the end."""

    checked: int
    drifting: int
    last_post_id: UUID | None


@job("audit_like_counts", payload=AuditLikeCounts, policy=Policy(timeout_s=4, max_attempts=3))
async def audit_like_counts(request: AuditLikeCounts, context: JobContext) -> Outcome:
    """Check page after page while there is time. `next_post_id` in the result is where it stopped, null at the end."""
    after, checked, drifting = request.after_post_id, 0, 0
    while True:
        (page,) = await context.database.rpc(
            "audit_like_counts", list[AuditedPage], after_post_id=after, max_posts=POSTS_PER_CALL
        )
        checked += page.checked
        drifting += page.drifting
        after = page.last_post_id
        if after is None or context.remaining_s() < LEAST_REMAINING_S:
            return Completed(
                {"checked": checked, "drifting": drifting, "next_post_id": None if after is None else str(after)}
            )
