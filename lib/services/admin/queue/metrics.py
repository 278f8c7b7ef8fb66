"""The queue's numbers for Prometheus, in its text format, rendered by its own client library."""

import asyncio
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lib.caller import Caller
from lib.model import NoInput
from lib.resources import Resources
from lib.services.admin.queue.counters import QueueCounters, counter_families
from lib.services.admin.queue.stats import QueueStats, queue_stats
from lib.services.health.queue import REASON_CODES, QueueHealth, queue_health

PREFIX = "suplatzigram_queue"

# Name, help, and what it reads of one job type.
_BY_TYPE = (
    ("jobs_pending", "Pending jobs, those that wait for a retry included", "pending"),
    ("jobs_processing", "Jobs under a lease", "processing"),
    ("jobs_retrying", "Pending jobs that wait for a retry", "failed"),
    ("jobs_due", "Pending jobs that could be claimed now", "due"),
    ("jobs_stuck", "Jobs whose lease has expired", "stuck"),
    ("jobs_isolated", "Jobs that run alone", "isolated"),
    ("type_paused", "1 while the type is paused", "paused"),
    ("oldest_due_seconds", "For how long the oldest due job has been due", "oldest_due_seconds"),
)


class _Collector(Collector):
    """One reading: the numbers are counted in the database, not in this process."""

    def __init__(self, stats: QueueStats, health: QueueHealth, counted: QueueCounters) -> None:
        self._stats, self._health, self._counted = stats, health, counted

    def collect(self) -> Iterator[Metric]:
        """Everything."""
        yield from counter_families(self._counted, PREFIX)
        for name, text, attribute in _BY_TYPE:
            family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=["job_type"])
            for each in self._stats.types:
                family.add_metric([each.job_type], float(getattr(each, attribute) or 0))
            yield family
        yield _reasons(self._health)
        for name, text, value in _gauges(self._stats, self._health):
            if value is not None:
                yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value=float(value))


def _reasons(health: QueueHealth) -> Metric:
    """One sample for each reason, so that an alert can name it; also those that this code does not know yet."""
    family = GaugeMetricFamily(
        f"{PREFIX}_health_reason", "1 while the queue is unhealthy for this reason", labels=["code"]
    )
    for code in dict.fromkeys((*REASON_CODES, *health.reason_codes)):
        family.add_metric([code], float(code in health.reason_codes))
    return family


def _gauges(stats: QueueStats, health: QueueHealth) -> Iterator[tuple[str, str, float | None]]:
    """Name, help and value; what is not known has no value, and is left out."""
    runs, last = stats.runs, stats.runs.last_started_at
    yield "healthy", "1 while the queue is healthy", health.healthy
    yield "dead_jobs_last_day", "Jobs that died in the last 24 hours", stats.dead_last_24h
    yield "jobs_given_back", "Jobs that came back 10 times without an attempt counted", stats.given_back.ten_times
    yield "drifting_posts", "Posts whose like count was wrong at the last audit", health.drifting_posts
    yield "runs_last_hour", "Worker runs that started in the last hour", runs.last_hour
    yield "runs_killed_last_hour", "Worker runs of the last hour without an end", runs.killed
    yield "runs_overlapping_last_hour", "Worker runs of the last hour that overlapped another", runs.overlapping
    yield "runs_missed_last_hour", "Minutes of the last hour without a run", runs.missed
    yield "last_run_timestamp_seconds", "When the last run started", None if last is None else last.timestamp()
    yield "run_budget_used_ratio", "Share of their time that the runs of the last hour used", runs.budget_used
    yield "forecast_seconds", "When the due jobs are done at the present rates; +Inf is never", _forecast(stats)


def _forecast(stats: QueueStats) -> float:
    return float("inf") if stats.forecast_seconds is None else stats.forecast_seconds


async def queue_metrics(_input: NoInput, resources: Resources, caller: Caller) -> str:
    """Return the numbers in the text exposition format 0.0.4."""
    stats, health, counted = await asyncio.gather(
        queue_stats(_input, resources, caller),
        queue_health(_input, resources, caller),
        resources.database.rpc("queue_counters", QueueCounters),
    )
    registry = CollectorRegistry()
    registry.register(_Collector(stats, health, counted))
    return generate_latest(registry).decode()
