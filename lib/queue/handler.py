"""Calling a handler under its timeout, whatever it does: hang, ignore its cancellation, exit, cancel itself."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from lib.errors import JobFailure, TimedOut
from lib.logs import log_event
from lib.queue.context import JobContext
from lib.queue.registry import JobType

# How long a cancelled handler may take to clean up before it is left behind.
CANCEL_GRACE_S = 0.25


async def call_handler(job_type: JobType, request: Any, context: JobContext) -> Any:
    """Return what the handler returns.

    request: one payload, or the list of them for a batch handler.

    Raises:
        TimedOut: it did not end within its type's timeout. If it ignores its cancellation too, it is left behind.
        Exception: what the handler raised.
    """
    timeout_s = job_type.policy.timeout_s
    task = asyncio.ensure_future(_guarded(job_type.handler(request, context)))
    done, _ = await asyncio.wait({task}, timeout=timeout_s)
    if done:
        return _result_of(task)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=CANCEL_GRACE_S)
    if not done:
        log_event("job.abandoned", level=logging.ERROR, job_type=job_type.name)
    elif not task.cancelled():
        task.exception()  # marks it as seen: the timeout is what counts
    raise TimedOut(f"no end after {timeout_s:g} s")


async def _guarded[T](handler: Awaitable[T]) -> T:
    """Turn SystemExit, which a task would pass on to whoever runs the event loop, into a failure of the handler."""
    try:
        return await handler
    except SystemExit as error:
        raise JobFailure("the handler raised SystemExit") from error


def _result_of(task: asyncio.Task[Any]) -> Any:
    """Return what the handler returned, or raise what it raised.

    What is not an Exception, such as a cancellation that the handler brought upon itself, would end the worker instead
    of the job.
    """
    if task.cancelled():
        raise JobFailure("the handler was cancelled from within")
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise JobFailure(f"the handler raised {type(error).__name__}") from error
    return task.result()
