"""Job types whose queue does not empty in one run: slow ones, and those that never end."""

import asyncio
from collections.abc import Mapping

from lib.queue import Completed, Enqueued, JobContext, Outcome, Payload, Policy, Snooze
from lib.queue.registry import JobType

TIMEOUT_S = 0.3
JOB_S = 0.1


class Nothing(Payload):
    """No input."""


async def work(_request: Nothing, _context: JobContext) -> Outcome:
    """Take a tenth of a second."""
    await asyncio.sleep(JOB_S)
    return Completed()


async def snooze(_request: Nothing, _context: JobContext) -> Outcome:
    """Be due again at once, for ever."""
    await asyncio.sleep(JOB_S)
    return Snooze(0, "again")


async def multiply(_request: Nothing, context: JobContext) -> Outcome:
    """Enqueue another one of its kind, for ever."""
    await asyncio.sleep(JOB_S)
    await context.database.rpc("enqueue_job", list[Enqueued], job_type=context.job.job_type)
    return Completed()


def types_for_tests() -> Mapping[str, JobType]:
    """Single types of the enum, with these handlers."""
    handlers = {"send_notification": work, "process_image": snooze, "generate_thumbnail": multiply}
    policy = Policy(timeout_s=TIMEOUT_S)
    return {name: JobType(name, Nothing, policy, handler) for name, handler in handlers.items()}
