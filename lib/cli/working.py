"""The worker, again and again: whenever a job is due, and once a minute for the schedules and lost leases."""

import asyncio
import logging
import random
import time
from contextlib import suppress
from dataclasses import dataclass

import lib.jobs  # noqa: F401 - registers the job types
from lib.errors import DatabaseError
from lib.logs import log_event
from lib.queue.store import Store
from lib.queue.worker import Worker
from lib.resources import Resources
from lib.tracing import tracing

# Runs fire schedules and rescue lost jobs, also when nothing is due.
RUN_AT_LEAST_EVERY_S = 60.0
# After an outage the next try comes later and later, up to this.
LONGEST_PAUSE_S = 30.0
FLUSH_S = 1.0


@dataclass(slots=True)
class Drained:
    """What was done."""

    runs: int = 0
    jobs: int = 0


@dataclass(slots=True)
class Drain:
    """Runs the worker until `stopping` is set. No run starts another: this process goes on by itself."""

    resources: Resources
    stopping: asyncio.Event
    poll_s: float

    async def run(self, *, until_empty: bool) -> Drained:
        """Work. until_empty: end when nothing is due."""
        drained, failures, last_run = Drained(), 0, float("-inf")
        log_event("drain.started")
        while not self.stopping.is_set():
            try:
                is_due = await self._is_due()
                if is_due or time.monotonic() - last_run >= RUN_AT_LEAST_EVERY_S:
                    last_run = time.monotonic()
                    await self._run_once(drained)
                elif until_empty:
                    break
                failures = 0
            except DatabaseError as error:
                failures += 1
                log_event("drain.interrupted", level=logging.ERROR, reason=str(error), failures=failures)
                if until_empty and failures > 5:
                    raise
                await self._pause(min(LONGEST_PAUSE_S, 2.0**failures) * random.uniform(0.5, 1))
                continue
            if not is_due:
                await self._pause(self.poll_s)
        log_event("drain.stopped", runs=drained.runs, jobs=drained.jobs)
        return drained

    async def _is_due(self) -> bool:
        return (await Store(self.resources.database, "drain").queue_health()).oldest_due_seconds is not None

    async def _run_once(self, drained: Drained) -> None:
        settings = self.resources.settings.model_copy(update={"worker_max_runs": 0, "worker_fanout": 0})
        resources = Resources(settings, self.resources.database, self.resources.outside)
        try:
            report = await Worker(resources, "manual", should_stop=self.stopping.is_set).run()
        finally:
            await tracing().flush(FLUSH_S)
        drained.runs += 1
        drained.jobs += report.processed

    async def _pause(self, seconds: float) -> None:
        """Wait, or stop waiting when it is time to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
