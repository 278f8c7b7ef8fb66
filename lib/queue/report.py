"""What one invocation did: counts, and the first results."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from lib.database import StorageCalls
from lib.queue.job import Job
from lib.queue.settlement import Ending, Settlement

MAX_RESULTS = 100

type StopReason = Literal["empty", "budget", "limit", "error"]


@dataclass(frozen=True, slots=True)
class SettledJob:
    """How one job ended in this run; stale when the lease had gone to someone else."""

    id: UUID
    job_type: str
    ending: Ending | Literal["stale"]
    error: str | None


@dataclass(slots=True)
class RunReport:
    """Grows while the worker runs. `processed` counts the jobs whose attempt this run settled."""

    worker_id: str
    budget_ms: int
    claimed: int = 0
    rescued: int = 0
    rescued_dead: int = 0
    scheduled: int = 0
    follow_ups_failed: int = 0
    stop_reason: StopReason = "empty"
    duration_ms: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    results: list[SettledJob] = field(default_factory=list)
    storage: StorageCalls = field(default_factory=StorageCalls)

    def add_claimed(self, jobs: Sequence[Job]) -> None:
        """Count jobs that were leased."""
        self.claimed += len(jobs)

    def add_settled(self, settlement: Settlement, *, stale: bool) -> None:
        """Count a job that the database has answered for."""
        ending: Ending | Literal["stale"] = "stale" if stale else settlement.ending
        self.endings[ending] += 1
        if len(self.results) < MAX_RESULTS:
            job = settlement.job
            self.results.append(SettledJob(job.id, job.job_type, ending, settlement.error))

    @property
    def processed(self) -> int:
        """Attempts that ran and were settled: everything but released and stale."""
        return sum(count for ending, count in self.endings.items() if ending not in ("released", "stale"))

    def counts(self) -> dict[str, int]:
        """Return the numbers of the jobs."""
        endings = ("completed", "retried", "dead", "snoozed", "discarded", "released", "stale")
        return {
            "processed": self.processed,
            "claimed": self.claimed,
            **{ending: self.endings[ending] for ending in endings},
            "rescued": self.rescued,
            "rescued_dead": self.rescued_dead,
            "scheduled": self.scheduled,
            **({"follow_ups_failed": self.follow_ups_failed} if self.follow_ups_failed else {}),
        }
