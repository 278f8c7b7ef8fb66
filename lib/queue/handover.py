"""One run starts another: it hands over to a successor at its end, or wakes siblings while it works.

The decisions are arithmetic. A run is started by one call of our own route. Nobody waits for the answer, which comes
when the called run ends. A call that fails loses nothing: the next tick goes on. See
docs/decisions/0032-runs-start-other-runs.md.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from lib.logs import log_event
from lib.queue.report import RunReport
from lib.queue.store import RunStarted
from lib.settings import Settings
from lib.tracing import tracing

type Successor = Literal["handover", "fanout"]

# The longest chain: with budgets of 8 seconds a little over a minute, and by then the cron has begun a new one. So a
# queue that never empties keeps few runs busy, and never more and more of them.
MAX_HOPS = 8
# A run that has worked for so long, or for a quarter of a shorter budget, and still has jobs due, wakes its siblings.
SIBLINGS_AFTER_S = 2.0
# How long a call may take to be sent, and how long a refusal of it is listened for.
SEND_S = 1.0
LISTEN_S = 0.3

ROUTE = "/api/queue/process"


def may_hand_over(report: RunReport, settings: Settings, hops: int) -> bool:
    """Whether a run that ended calls a successor: work is left, and this run got something done."""
    return _may_start_another(report, settings, hops) and report.stop_reason == "budget"


def siblings_to_wake(report: RunReport, settings: Settings, hops: int, runs_under_way: int) -> int:
    """Return how many siblings a run wakes that still has jobs due. runs_under_way: others, when this one started."""
    if not _may_start_another(report, settings, hops):
        return 0
    return max(0, min(settings.worker_fanout, settings.worker_max_runs - 1 - runs_under_way))


def siblings_after_s(settings: Settings) -> float:
    """Return after how much of its time a run looks whether it needs siblings."""
    return min(SIBLINGS_AFTER_S, settings.worker_budget_ms / 4000)


def _may_start_another(report: RunReport, settings: Settings, hops: int) -> bool:
    return settings.worker_max_runs > 0 and hops < MAX_HOPS and report.processed > 0


@dataclass(frozen=True, slots=True)
class Colleagues:
    """Starts other runs on behalf of one. Never raises for a call that fails: it is logged.

    time_left_s: until when calls must be over.
    """

    settings: Settings
    run: RunStarted
    report: RunReport
    time_left_s: Callable[[], float]

    async def hand_over(self) -> None:
        """Call a successor if work is left."""
        if may_hand_over(self.report, self.settings, self.run.hops):
            await self._call("handover")

    @asynccontextmanager
    async def waking_siblings(self, work_is_due: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
        """Meanwhile, see whether the backlog is too deep for this run, and wake siblings then."""
        waking = asyncio.ensure_future(self._wake_siblings(work_is_due)) if self.settings.worker_fanout else None
        try:
            yield
        finally:
            if waking is not None:
                waking.cancel()
                with suppress(asyncio.CancelledError):
                    await waking

    async def _wake_siblings(self, work_is_due: Callable[[], Awaitable[bool]]) -> None:
        await asyncio.sleep(siblings_after_s(self.settings))
        siblings = siblings_to_wake(self.report, self.settings, self.run.hops, self.run.runs_under_way)
        if siblings and await work_is_due():
            await asyncio.gather(*(self._call("fanout") for _ in range(siblings)))

    async def _call(self, trigger: Successor) -> None:
        """Start one more run."""
        request = {"trigger": trigger, "startedBy": str(self.run.run_id)}
        reason = await call_worker(self.settings, "GET", request, self.time_left_s())
        run_id = self.run.run_id
        if reason is None:
            log_event("run.started_another", run_id=run_id, trigger=trigger)
        else:
            log_event("run.started_no_other", level=logging.WARNING, run_id=run_id, trigger=trigger, reason=reason)


async def call_worker(
    settings: Settings, method: Literal["GET", "POST"], query: Mapping[str, str], time_left_s: float
) -> str | None:
    """Start a run by a call of our own route. Return why it did not start; None when it did, or may be at work."""
    import httpx  # noqa: PLC0415 - few runs start another

    origin, secret = settings.own_origin, settings.cron_secret
    if origin is None or secret is None:
        return "neither WORKER_URL nor VERCEL_URL says where the worker is"
    try:
        async with (
            asyncio.timeout(time_left_s),
            httpx.AsyncClient(timeout=httpx.Timeout(SEND_S, read=LISTEN_S), trust_env=False) as client,
        ):
            reply = await client.request(
                method,
                origin + settings.prefixed(ROUTE),
                params=query,
                headers={"authorization": f"Bearer {secret.get_secret_value()}"} | tracing().headers(),
            )
    except httpx.ReadTimeout:  # it was sent, and the other run works
        return None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return type(error).__name__
    return None if reply.status_code == 200 else f"it answered {reply.status_code}"
