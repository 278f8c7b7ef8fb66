"""One invocation of the worker, as Vercel Cron or an operator asks for it."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from lib import jobs
from lib.call import Call
from lib.model import Model, NoInput
from lib.queue.report import RunReport
from lib.queue.worker import Trigger, Worker

assert jobs.__all__, "importing lib.jobs registers the types"  # noqa: S101


class ProcessedJob(Model):
    """How one job ended."""

    id: UUID
    job_type: str
    outcome: str
    error: str | None = Field(None, exclude_if=lambda error: error is None)


class ProcessReply(Model):
    """What the invocation did. results holds the first 100."""

    worker_id: str
    processed: int
    claimed: int
    completed: int
    retried: int
    dead: int
    snoozed: int
    discarded: int
    released: int
    stale: int
    rescued: int
    scheduled: int
    stop_reason: Literal["empty", "budget", "limit"]
    duration_ms: int
    budget_ms: int
    results: tuple[ProcessedJob, ...]


async def process_queue_by_cron(_: NoInput, call: Call) -> ProcessReply:
    """Run the worker for a cron tick."""
    return await _process(call, "cron")


async def process_queue_by_hand(_: NoInput, call: Call) -> ProcessReply:
    """Run the worker for somebody who asked."""
    return await _process(call, "manual")


async def _process(call: Call, trigger: Trigger) -> ProcessReply:
    worker = Worker(
        database=call.database,
        http=call.http,
        settings=call.settings,
        trigger=trigger,
        budget_ms=call.settings.worker_budget_ms,
        concurrency=call.settings.worker_concurrency,
        deadline_in_s=call.deadline_in_s,
    )
    return _reply(await worker.run())


def _reply(report: RunReport) -> ProcessReply:
    counts = report.counts()
    counts.pop("rescued_dead")
    return ProcessReply.model_validate(
        {
            **counts,
            "worker_id": report.worker_id,
            "stop_reason": report.stop_reason,
            "duration_ms": report.duration_ms,
            "budget_ms": report.budget_ms,
            "results": tuple(
                ProcessedJob(id=each.id, job_type=each.job_type, outcome=each.outcome, error=each.error)
                for each in report.results
            ),
        }
    )
