"""send_notification: tell a user something, in the app and, if configured, by push to their browsers."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from pydantic import Field

from lib.database import NOTHING
from lib.logs import log_event
from lib.model import Row, Text
from lib.outside import NoTurn, NotYet
from lib.outside.push import (
    Gone,
    PushMisconfigured,
    PushNotConfigured,
    PushVerdict,
    Refused,
    Subscription,
    Taken,
    as_message,
)
from lib.queue import Completed, Discard, JobContext, JobFailure, Outcome, Payload, Policy, RetryLater, Snooze, job

if TYPE_CHECKING:  # it takes long to import, and is, when it pushes
    from lib.outside.push.sender import PushSender

# The user's newest browsers; older ones are most likely gone.
MAX_BROWSERS = 20
PUSH_TIMEOUT_S = 3.0


class SendNotification(Payload):
    """Whom to tell what. url: where a click leads, an http(s) URL or a path of the app. A browser takes // and /\\ for
    the start of another host."""

    user_id: UUID
    title: Text = Field(min_length=1, max_length=200)
    body: Text = Field(max_length=2000)
    url: str | None = Field(None, max_length=2048, pattern=r"^(https?://[^/\\?#]|/([^/\\]|$))[!-~]*$")


class UndeliveredPush(Row):
    """A browser of the user that the notification was not pushed to yet."""

    subscription_id: UUID
    endpoint: str
    p256dh: str
    auth: str


@job("send_notification", payload=SendNotification, policy=Policy(timeout_s=5, priority=2, max_attempts=5))
async def send_notification(request: SendNotification, context: JobContext) -> Outcome:
    """Store the notification and push it to the browsers that do not have it yet.

    Safe to repeat: the notification has the job's id, and each push that has ended is recorded, so another attempt
    pushes only what failed. (A worker that is killed between the push and its record pushes twice; the topic makes
    the second replace the first.)
    """
    job = context.job
    notification_id = await context.database.rpc(
        "add_notification", UUID, job_id=job.id, redrive_of=job.redrive_of, **request.model_dump()
    )
    sender = context.outside.push
    if isinstance(sender, PushNotConfigured):
        return Completed({"notification_id": str(notification_id), "push": "not configured"})
    if isinstance(sender, PushMisconfigured):
        raise JobFailure(f"cannot push: {sender.reason}")
    pushes = await context.database.rpc(
        "undelivered_pushes",
        list[UndeliveredPush],
        notification_id=notification_id,
        max_subscriptions=MAX_BROWSERS,
    )
    message = as_message(
        {"id": str(notification_id), "title": request.title, "body": request.body, "url": request.url}, "body"
    )
    push = partial(_push, sender, notification_id, message, context)
    return _conclude(notification_id, await asyncio.gather(*(push(each) for each in pushes)))


async def _push(
    sender: "PushSender", notification_id: UUID, message: bytes, context: JobContext, to: UndeliveredPush
) -> PushVerdict:
    """Push to one browser, and record at once how it ended."""
    subscription = Subscription(to.endpoint, to.p256dh, to.auth)
    verdict = await sender.push(subscription, message, topic=notification_id.hex, within_s=PUSH_TIMEOUT_S)
    match verdict:
        case Taken(status) | Refused(status):
            await context.database.rpc(
                "record_push",
                NOTHING,
                notification_id=notification_id,
                subscription_id=to.subscription_id,
                status=status,
                known_endpoint=to.endpoint if sender.knows(to.endpoint) else None,
            )
        case Gone():
            await context.database.rpc("remove_push_subscription", NOTHING, subscription_id=to.subscription_id)
        case NotYet() | NoTurn():
            pass
        case _:
            assert_never(verdict)
    return verdict


def _conclude(notification_id: UUID, verdicts: Sequence[PushVerdict]) -> Outcome:
    """Done, unless a push is to be tried again: then at the latest moment that a push service asked for."""
    later = [verdict for verdict in verdicts if isinstance(verdict, NotYet)]
    if later:
        message = f"{len(later)} of {len(verdicts)} pushes failed for now: {later[0].reason}"
        waits = [verdict.retry_after_s for verdict in later if verdict.retry_after_s is not None]
        raise RetryLater(message, max(waits)) if waits else JobFailure(message)
    for verdict in verdicts:
        if isinstance(verdict, NoTurn):
            return Snooze(5, verdict.reason)
    refused = [verdict for verdict in verdicts if isinstance(verdict, Refused)]
    if verdicts and all(isinstance(verdict, Refused) and verdict.for_the_sender for verdict in verdicts):
        return _refused_for_the_sender(refused)
    counts = {
        "delivered": sum(isinstance(verdict, Taken) for verdict in verdicts),
        "refused": len(refused),
        "removed": sum(isinstance(verdict, Gone) for verdict in verdicts),
    }
    return Completed({"notification_id": str(notification_id), "push": counts})


def _refused_for_the_sender(refused: Sequence[Refused]) -> Outcome:
    """Not one browser was reached, and the push services blame the sender. No failed job: whoever owns a push endpoint
    chooses what it answers, and must not make the queue unhealthy."""
    statuses = sorted({verdict.status for verdict in refused})
    log_event("push.sender_refused", level=logging.ERROR, pushes=len(refused), statuses=statuses)
    said = ", ".join(map(str, statuses))
    return Discard(
        f"{len(refused)} of {len(refused)} pushes were refused ({said}): VAPID_PRIVATE_KEY is probably not the key"
        " that these browsers subscribed with. Restore it, or let the app subscribe again. The notification is in the"
        " app"
    )
