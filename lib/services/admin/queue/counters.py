"""What ended since the beginning, as Prometheus counts it: counters and histograms that never fall.

They are counted in the database, where pruning the history does not take them back.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from lib.model import Row

# Jobs that no worker ended have neither waited nor worked.
_NOT_RUN = "cancelled"


class EndedJobs(Row):
    """Of one type and status. durations, waits: cumulative, one number for each bound, and one for all."""

    job_type: str
    status: str
    jobs: int
    attempts: int
    duration_ms: int
    waited_ms: int
    durations: tuple[int, ...]
    waits: tuple[int, ...]


class QueueCounters(Row):
    """The answer of queue_counters."""

    bounds_ms: tuple[int, ...]
    counters: tuple[EndedJobs, ...]


def counter_families(counted: QueueCounters, prefix: str) -> Iterator[Metric]:
    """Return the counters and histograms; seconds are the unit, as Prometheus has it."""
    ended = CounterMetricFamily(f"{prefix}_jobs_ended", "Jobs that ended", labels=["job_type", "outcome"])
    attempts = CounterMetricFamily(f"{prefix}_attempts", "Attempts of jobs that ended", labels=["job_type", "outcome"])
    for each in counted.counters:
        ended.add_metric([each.job_type, each.status], each.jobs)
        attempts.add_metric([each.job_type, each.status], each.attempts)
    completed = [each for each in counted.counters if each.status == "completed"]
    run = [each for each in counted.counters if each.status != _NOT_RUN]
    durations = [(each.job_type, each.durations, each.duration_ms) for each in completed]
    waits = [(each.job_type, each.waits, each.waited_ms) for each in run]
    yield ended
    yield attempts
    yield _histogram(f"{prefix}_job_duration_seconds", "How long jobs took", counted.bounds_ms, durations)
    yield _histogram(f"{prefix}_job_waiting_seconds", "From due to started", counted.bounds_ms, waits)


def _histogram(
    name: str, text: str, bounds_ms: Sequence[int], parts: Iterable[tuple[str, Sequence[int], int]]
) -> HistogramMetricFamily:
    """One histogram for each job type, of parts that are added up."""
    bounds = [*(str(bound / 1000) for bound in bounds_ms), "+Inf"]
    buckets: dict[str, list[int]] = defaultdict(lambda: [0] * len(bounds))
    total_ms: dict[str, int] = defaultdict(int)
    for job_type, counts, milliseconds in parts:
        buckets[job_type] = [have + more for have, more in zip(buckets[job_type], counts, strict=True)]
        total_ms[job_type] += milliseconds
    family = HistogramMetricFamily(name, text, labels=["job_type"])
    for job_type, counts in buckets.items():
        family.add_metric([job_type], list(zip(bounds, counts, strict=True)), sum_value=total_ms[job_type] / 1000)
    return family
