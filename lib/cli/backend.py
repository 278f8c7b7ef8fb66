"""The one way in which commands ask: an operation is a route and its service, so both ways give the same answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from lib.caller import Caller
from lib.model import NoInput
from lib.resources import Resources
from lib.services.admin.queue.actions import ActionReply, JobAction, act_on_jobs
from lib.services.admin.queue.diagnostics import Doctor, queue_diagnostics
from lib.services.admin.queue.jobs import JobsPage, JobsQuery, list_jobs
from lib.services.admin.queue.journal import ActionsPage, JournalQuery, RunsPage, read_journal
from lib.services.admin.queue.runs import RunAction, RunReply, start_run
from lib.services.admin.queue.schedules import (
    ScheduleAction,
    ScheduleReply,
    SchedulesReply,
    act_on_schedule,
    list_schedules,
)
from lib.services.admin.queue.stats import QueueStats, queue_stats
from lib.services.health.queue import QueueHealth, queue_health
from lib.services.queue.jobs import JobReply, JobRequest, JobsReply, JobsRequest, enqueue_requested
from lib.services.queue.process import ProcessReply, process_queue_by_hand


@dataclass(frozen=True, slots=True)
class Operation[I: BaseModel, O: BaseModel]:
    """A question that can be asked over HTTP or of the service. statuses: of replies that are no error.

    scope: whose secret the route wants: the operators', that of services that enqueue, or the cron's.
    """

    method: Literal["GET", "POST"]
    path: str
    service: Callable[[I, Resources, Caller], Awaitable[Any]]
    replies: type[O]
    statuses: tuple[int, ...] = (200,)
    scope: Literal["admin", "queue", "cron"] = "admin"


class Backend(Protocol):
    """Where the queue is asked."""

    @property
    def where(self) -> str:
        """The place, for people."""

    def may_ask(self, operation: Operation[Any, Any]) -> bool:
        """Whether there is the secret that its route wants."""

    async def ask[I: BaseModel, O: BaseModel](self, operation: Operation[I, O], given: I) -> O:
        """Ask, and return the answer.

        Raises:
            QueueError: as the services do.
            NotReachable: nobody answers.
        """

    async def aclose(self) -> None:
        """Close the connections."""


HEALTH: Operation[NoInput, QueueHealth] = Operation(
    "GET", "/api/health/queue", queue_health, QueueHealth, statuses=(200, 503)
)
STATS: Operation[NoInput, QueueStats] = Operation("GET", "/api/admin/queue/stats", queue_stats, QueueStats)
JOBS: Operation[JobsQuery, JobsPage] = Operation("GET", "/api/admin/queue/jobs", list_jobs, JobsPage)
ACT: Operation[JobAction, ActionReply] = Operation("POST", "/api/admin/queue/jobs", act_on_jobs, ActionReply)
SCHEDULES: Operation[NoInput, SchedulesReply] = Operation(
    "GET", "/api/admin/queue/schedules", list_schedules, SchedulesReply
)
ACT_ON_SCHEDULE: Operation[ScheduleAction, ScheduleReply] = Operation(
    "POST", "/api/admin/queue/schedules", act_on_schedule, ScheduleReply
)
RUNS: Operation[JournalQuery, RunsPage] = Operation("GET", "/api/admin/queue/journal", read_journal, RunsPage)
ACTIONS: Operation[JournalQuery, ActionsPage] = Operation("GET", "/api/admin/queue/journal", read_journal, ActionsPage)
DOCTOR: Operation[NoInput, Doctor] = Operation("GET", "/api/admin/queue/diagnostics", queue_diagnostics, Doctor)
ENQUEUE: Operation[JobRequest, JobReply] = Operation(
    "POST", "/api/queue/jobs", enqueue_requested, JobReply, statuses=(200, 201), scope="queue"
)
ENQUEUE_MANY: Operation[JobsRequest, JobsReply] = Operation(
    "POST", "/api/queue/jobs", enqueue_requested, JobsReply, statuses=(200, 201), scope="queue"
)
START_RUN: Operation[RunAction, RunReply] = Operation("POST", "/api/admin/queue/journal", start_run, RunReply)
PROCESS: Operation[NoInput, ProcessReply] = Operation(
    "POST", "/api/queue/process", process_queue_by_hand, ProcessReply, scope="cron"
)
