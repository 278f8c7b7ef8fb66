"""send_notification: tell a user something, in the app and, if configured, by push to their browsers."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from pydantic import Field, TypeAdapter

from lib.database import NOTHING
from lib.jobs._push_outcomes import GivenUp, conclude
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
from lib.queue import (
    Completed,
    Discard,
    JobContext,
    JobFailure,
    NotReady,
    Outcome,
    Payload,
    Policy,
    job,
)

if TYPE_CHECKING:  # it takes long to import, and is, when it pushes
    from lib.outside.push.sender import PushSender

# The user's newest browsers; older ones are most likely gone.
MAX_BROWSERS = 20
PUSH_TIMEOUT_S = 3.0
# What the caller needs afterwards, to record how each push ended.
TO_RECORD_S = 0.5

_NOTIFICATION: TypeAdapter[UUID | None] = TypeAdapter(UUID | None)


class SendNotification(Payload):
    """Whom to tell what. url: where a click leads, an http(s) URL or a path of the app. A browser takes // and /\\ for
    the start of another host."""

    user_id: UUID
    title: Text = Field(min_length=1, max_length=200)
    body: Text = Field(max_length=2000)
    url: str | None = Field(None, max_length=2048, pattern=r"^(https?://[^/\\?#]|/([^/\\]|$))[!-~]*$")


class UndeliveredPush(Row):
    """A browser of the user that the notification was not pushed to yet. is_silent: its last push was not answered."""

    subscription_id: UUID
    endpoint: str
    p256dh: str
    auth: str
    is_silent: bool


@job("send_notification", payload=SendNotification, policy=Policy(timeout_s=5, priority=2, max_attempts=5))
async def send_notification(request: SendNotification, context: JobContext) -> Outcome:
    """Store the notification and push it to the browsers that do not have it yet.

    Safe to repeat: the notification has the job's id, and each push that has ended is recorded, so another attempt
    pushes only what failed. (A worker that is killed between the push and its record pushes twice; the topic makes
    the second replace the first.)
    """
    job = context.job
    notification_id = await context.database.rpc(
        "add_notification", _NOTIFICATION, job_id=job.id, redrive_of=job.redrive_of, **request.model_dump()
    )
    if notification_id is None:
        return Discard("the user was removed")
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
    if context.remaining_s() < PUSH_TIMEOUT_S + TO_RECORD_S:
        raise NotReady("the database left no time to push")
    push = partial(_push, sender, notification_id, message, context)
    return conclude(notification_id, await asyncio.gather(*(push(each) for each in pushes)))


async def _push(
    sender: "PushSender", notification_id: UUID, message: bytes, context: JobContext, to: UndeliveredPush
) -> PushVerdict | GivenUp:
    """Push to one browser, and record at once how it ended.

    A browser whose last push was not answered gets one attempt, and no browser gets more than the job has: then the
    push is given up.
    """
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
        case NotYet(reason) if to.is_silent or context.job.is_last_attempt:
            await context.database.rpc(
                "give_up_push", NOTHING, notification_id=notification_id, subscription_id=to.subscription_id
            )
            return GivenUp(reason)
        case NotYet() | NoTurn():
            pass
        case _:
            assert_never(verdict)
    return verdict
