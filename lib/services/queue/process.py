"""One invocation of the worker, as Vercel Cron or an operator asks for it."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, Field

import lib.jobs  # noqa: F401 - registers the job types
from lib.caller import Caller
from lib.model import Model, NoInput
from lib.queue.report import RunReport
from lib.queue.worker import Trigger, Worker
from lib.resources import Resources


class RunRequest(Model):
    """Who starts a run: the cron, or another run, which says its number. What else is in the URL is no error."""

    model_config = ConfigDict(extra="ignore")

    trigger: Literal["cron", "handover", "fanout"] = "cron"
    started_by: int | None = Field(None, ge=1, lt=2**63)


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


async def process_queue_by_cron(request: RunRequest, resources: Resources, caller: Caller) -> ProcessReply:
    """Run the worker for a cron tick, or for a run that hands over or wakes a sibling."""
    return await _process(resources, caller, request.trigger, request.started_by)


async def process_queue_by_hand(_: NoInput, resources: Resources, caller: Caller) -> ProcessReply:
    """Run the worker for somebody who asked."""
    return await _process(resources, caller, "manual")


async def _process(
    resources: Resources, caller: Caller, trigger: Trigger, started_by: int | None = None
) -> ProcessReply:
    return _reply(await Worker(resources, trigger, caller.deadline_in_s, started_by=started_by).run())


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
                ProcessedJob(id=each.id, job_type=each.job_type, outcome=each.ending, error=each.error)
                for each in report.results
            ),
        }
    )
