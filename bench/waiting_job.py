"""A job that only waits, as jobs do that call other services. Takes the place of lib/jobs/send_notification.py in the
project that bench.invocations serves; it uses of lib only what docs/extend.md tells."""

import asyncio

from lib.queue import Completed, JobContext, Outcome, Payload, Policy, job


class SendNotification(Payload):
    """How long to wait."""

    ms: int


@job("send_notification", payload=SendNotification, policy=Policy(timeout_s=5, priority=2, max_attempts=5))
async def send_notification(request: SendNotification, _context: JobContext) -> Outcome:
    """Wait."""
    await asyncio.sleep(request.ms / 1000)
    return Completed()
