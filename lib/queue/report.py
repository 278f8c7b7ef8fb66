"""What one invocation did: counts, and the first results."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from lib.queue.job import Job
from lib.queue.outcome import Fate, Settlement

MAX_RESULTS = 100

type StopReason = Literal["empty", "budget", "limit", "error"]


@dataclass(frozen=True, slots=True)
class JobResult:
    """How one job ended in this run; fate is stale when the lease had gone to someone else."""

    id: UUID
    job_type: str
    outcome: Fate | Literal["stale"]
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
    stop_reason: StopReason = "empty"
    duration_ms: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    results: list[JobResult] = field(default_factory=list)

    def add_claimed(self, jobs: list[Job]) -> None:
        """Count jobs that were leased."""
        self.claimed += len(jobs)

    def add_settled(self, settlement: Settlement, *, stale: bool) -> None:
        """Count a job that the database has answered for."""
        outcome: Fate | Literal["stale"] = "stale" if stale else settlement.fate
        self.fates[outcome] += 1
        if len(self.results) < MAX_RESULTS:
            job = settlement.job
            self.results.append(JobResult(job.id, job.job_type, outcome, settlement.error))

    @property
    def processed(self) -> int:
        """Attempts that ran and were settled: everything but released and stale."""
        return sum(count for fate, count in self.fates.items() if fate not in ("released", "stale"))

    def counts(self) -> dict[str, int]:
        """The numbers that worker_runs keeps."""
        fates = ("completed", "retried", "dead", "snoozed", "discarded", "released", "stale")
        return {
            "processed": self.processed,
            "claimed": self.claimed,
            **{fate: self.fates[fate] for fate in fates},
            "rescued": self.rescued,
            "rescued_dead": self.rescued_dead,
            "scheduled": self.scheduled,
        }
