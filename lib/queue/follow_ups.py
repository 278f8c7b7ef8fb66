"""What is left to tell others when a job's work is done: the copies of what it changed, say.

It runs beside the draining. No job waits for it or fails by it, and it keeps no run for longer than FINISH_S. What a
call could not tell is not told again: it is counted and logged, and the copies expire.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from lib.logs import log_event
from lib.resources import Resources

# How long one call may take, and how long the end of a run waits for the last one.
CALL_S = 1.0
FINISH_S = 1.0
# How many subjects one call is told.
MAX_SUBJECTS = 1000

type FollowUp = Callable[[Resources, Sequence[UUID]], Awaitable[None]]


class FollowUps:
    """Those of one run. Of each kind one call is under way at a time; what comes meanwhile goes into the next one."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._waiting: dict[FollowUp, dict[UUID, None]] = {}
        self._tasks: dict[FollowUp, asyncio.Task[None]] = {}
        # How many subjects nobody was told of.
        self.failed = 0

    def add(self, follow_up: FollowUp, subjects: Iterable[UUID]) -> None:
        """Call `follow_up` with these subjects, soon; each once, however often it is added until then."""
        waiting = self._waiting.setdefault(follow_up, {})
        waiting.update(dict.fromkeys(subjects))
        if waiting and follow_up not in self._tasks:
            self._tasks[follow_up] = asyncio.ensure_future(self._run(follow_up, waiting))

    async def finish(self, within_s: float) -> None:
        """Wait for what is under way, at most so long, and end it then."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=within_s)
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for follow_up, waiting in self._waiting.items():
            if waiting:
                self._fail(follow_up, len(waiting), "the run ended")

    async def _run(self, follow_up: FollowUp, waiting: dict[UUID, None]) -> None:
        try:
            while waiting:
                subjects = list(waiting)[:MAX_SUBJECTS]
                for subject in subjects:
                    del waiting[subject]
                await self._call(follow_up, subjects)
        finally:
            del self._tasks[follow_up]

    async def _call(self, follow_up: FollowUp, subjects: Sequence[UUID]) -> None:
        try:
            async with asyncio.timeout(CALL_S):
                await follow_up(self._resources, subjects)
        except asyncio.CancelledError:
            self._fail(follow_up, len(subjects), "the run ended")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, no job may fail by it
            self._fail(follow_up, len(subjects), f"{type(error).__name__}: {error}")

    def _fail(self, follow_up: FollowUp, subjects: int, reason: str) -> None:
        self.failed += subjects
        name = getattr(follow_up, "__name__", repr(follow_up))
        log_event("follow_up.failed", level=logging.WARNING, follow_up=name, subjects=subjects, reason=reason)
