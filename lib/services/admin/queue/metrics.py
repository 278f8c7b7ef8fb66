"""The queue's numbers for Prometheus, in its text format, rendered by its own client library."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lib.caller import Caller
from lib.model import NoInput
from lib.resources import Resources
from lib.services.admin.queue.stats import QueueStats, TypeStats, queue_stats

# Name, help, and what it reads of one job type.
_BY_TYPE = (
    ("queue_jobs_pending", "Pending jobs, those that wait for a retry included", "pending"),
    ("queue_jobs_processing", "Jobs under a lease", "processing"),
    ("queue_jobs_failed", "Pending jobs that wait for a retry", "failed"),
    ("queue_jobs_due", "Pending jobs that could be claimed now", "due"),
    ("queue_jobs_stuck", "Jobs whose lease has expired", "stuck"),
    ("queue_jobs_isolated", "Jobs that run alone", "isolated"),
    ("queue_jobs_completed_24h", "Jobs that completed in the last 24 hours", "completed_last_24h"),
    ("queue_jobs_dead_24h", "Jobs that died in the last 24 hours", "dead_last_24h"),
    ("queue_type_paused", "1 while the type is paused", "paused"),
    ("queue_oldest_due_seconds", "For how long the oldest due job has been due", "oldest_due_seconds"),
)
_RUNS = (
    ("queue_runs_1h", "Worker runs that started in the last hour", "last_hour"),
    ("queue_runs_killed_1h", "Worker runs of the last hour without an end", "killed"),
    ("queue_runs_overlapping_1h", "Worker runs of the last hour that overlapped another", "overlapping"),
    ("queue_runs_missed_1h", "Minutes of the last hour without a run", "missed"),
)


class _Collector(Collector):
    """One reading of the statistics, as gauges: they are counted in the database, not in this process."""

    def __init__(self, stats: QueueStats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges."""
        for name, text, attribute in _BY_TYPE:
            family = GaugeMetricFamily(name, text, labels=["job_type"])
            for each in self._stats.types:
                family.add_metric([each.job_type], _number(each, attribute))
            yield family
        for name, text, attribute in _RUNS:
            yield GaugeMetricFamily(name, text, value=float(getattr(self._stats.runs, attribute)))


def _number(stats: TypeStats, attribute: str) -> float:
    return float(getattr(stats, attribute) or 0)


async def queue_metrics(_input: NoInput, resources: Resources, caller: Caller) -> str:
    """Return the numbers in the text exposition format 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Collector(await queue_stats(_input, resources, caller)))
    return generate_latest(registry).decode()
