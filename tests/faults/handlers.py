"""What the fault tests have a worker do: handlers that end in every way, over the real job types."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, assert_never

from lib.database import NOTHING
from lib.errors import PermanentFailure, RetryLater
from lib.jobs.sync_like_count import SyncLikeCount
from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Discard, Outcome, Snooze
from lib.queue.policy import Policy
from lib.queue.registry import JobType, Payload, registered

# Single types, on which the tests' tasks are enqueued.
TASK_TYPES = ("process_image", "send_notification", "generate_thumbnail", "cleanup_expired")
OTHER_TYPES = ("recompute_rankings", "audit_like_counts")

Deed = Literal["complete", "fail", "refuse", "flaky", "snooze", "discard", "poison", "hang", "block", "burn"]

# How each deed ends when nothing outside it goes wrong.
ENDS: Mapping[Deed, str] = {
    "complete": "completed",
    "fail": "dead",
    "refuse": "dead",
    "flaky": "completed",
    "snooze": "completed",
    "discard": "discarded",
    "poison": "dead",
    "hang": "dead",
    "block": "dead",
    "burn": "dead",
}


class Task(Payload):
    """What to do, after so many milliseconds of waiting."""

    do: Deed
    ms: int = 0


async def run_task(task: Task, context: JobContext) -> Outcome:
    """Leave an effect, wait, do the deed, and leave another effect when it went well."""
    if task.do in ("hang", "block", "burn"):
        return await _misbehave(task.do)
    await _record(context, "begun")
    if task.ms:
        await asyncio.sleep(task.ms / 1000)
    outcome = await _do(task, context)
    await _record(context, "done")
    return outcome


async def _do(task: Task, context: JobContext) -> Outcome:
    first = context.job.attempts == 1
    match task.do:
        case "complete":
            return Completed({"done": True})
        case "fail":
            raise ValueError("it always fails")
        case "refuse":
            raise PermanentFailure("it will never work")
        case "flaky":
            if first:
                raise RetryLater("not at the first attempt", seconds=1)
            return Completed()
        case "snooze":
            return Completed() if await _was_begun_before(context) else Snooze(1, "not yet")
        case "discard":
            return Discard("not worth it")
        case "poison" | "hang" | "block" | "burn":
            return await _misbehave(task.do)
        case _:
            assert_never(task.do)


async def _misbehave(how: Literal["poison", "hang", "block", "burn"]) -> Outcome:
    """Kill the process, never return, sleep or compute without yielding to the others."""
    if how == "poison":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "hang":
        await asyncio.Event().wait()
    elif how == "block":
        time.sleep(60)  # noqa: ASYNC251 - the point of it
    while True:
        pass


async def _record(context: JobContext, stage: str) -> None:
    job = context.job
    await context.database.rpc("record_effect", NOTHING, job_id=job.id, claim_token=job.claim_token, stage=stage)


async def _was_begun_before(context: JobContext) -> bool:
    """Whether an earlier claim of this job left an effect: a snooze gives its attempt back, so attempts do not say."""
    job = context.job
    return await context.database.rpc("begun_before", bool, of_job=job.id, but=job.claim_token)


def types_for_tests(timeout_s: float = 1.0) -> dict[str, JobType]:
    """All types: tasks on the single ones, and the real batch handler of sync_like_count."""
    policy = Policy(timeout_s=timeout_s, backoff_base_s=1, backoff_cap_s=1)
    tasks = {name: JobType(name, Task, policy, run_task) for name in (*TASK_TYPES, *OTHER_TYPES)}
    sync = registered["sync_like_count"]
    assert sync.payload is SyncLikeCount
    return tasks | {sync.name: replace(sync, policy=replace(sync.policy, timeout_s=min(timeout_s, 3.0)))}
