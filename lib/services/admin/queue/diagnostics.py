"""The doctor: what is wrong with the queue, its database and its Storage, each with what mends it."""

import asyncio
from datetime import datetime

from pydantic import Field

from lib.caller import Caller
from lib.database.migrations import MIGRATIONS
from lib.jobs._post_files import BUCKET
from lib.model import Model, NoInput, Row
from lib.resources import Resources
from lib.services.admin.queue.findings import SEVERITIES, Finding, bucket_findings, migration_findings


class TableState(Model):
    """A table's size. Rows are estimates."""

    total_bytes: int
    live_rows: int
    dead_rows: int
    last_autovacuum: datetime | None
    last_autoanalyze: datetime | None


class PlannedSchedule(Model):
    """A schedule, and what keeps it from being planned."""

    name: str
    job_type: str
    enabled: bool
    next_run_at: datetime | None
    last_slot: datetime | None
    last_error: str | None


class Diagnostics(Model):
    """What to look at when the queue is slow. isolated_jobs: they run alone, one after another."""

    tables: dict[str, TableState]
    isolated_jobs: int
    longest_lease_seconds: int | None
    paused_types: tuple[str, ...]
    schedules: tuple[PlannedSchedule, ...]


class FindingCounts(Model):
    """How many findings there are of each severity."""

    critical: int
    high: int
    medium: int
    low: int


class Doctor(Model):
    """Findings, the worst first. checked: how many facts of the schema were compared with what the migrations make."""

    findings: tuple[Finding, ...]
    counts: FindingCounts
    checked: int
    diagnostics: Diagnostics
    generated_at: datetime


class DatabaseDiagnostics(Row):
    """The answer of queue_diagnostics. One of an older database has neither findings nor migrations."""

    tables: dict[str, TableState]
    isolated_jobs: int
    longest_lease_seconds: int | None
    paused_types: tuple[str, ...]
    schedules: tuple[PlannedSchedule, ...]
    findings: tuple[Finding, ...] = ()
    checked: int = 0
    migrations: dict[str, str] = Field(default_factory=dict)
    generated_at: datetime


async def queue_diagnostics(_input: NoInput, resources: Resources, _: Caller) -> Doctor:
    """Return what is wrong, and what mends it. Nothing is changed."""
    buckets = {BUCKET, resources.settings.image_bucket or BUCKET}
    seen, of_storage = await asyncio.gather(
        resources.database.rpc("queue_diagnostics", DatabaseDiagnostics),
        bucket_findings(resources.database.storage, *sorted(buckets)),
    )
    findings = sorted(
        [*seen.findings, *of_storage, *migration_findings(MIGRATIONS, seen.migrations)],
        key=lambda each: (SEVERITIES.index(each.severity), each.code, each.subject),
    )
    return Doctor(
        findings=tuple(findings),
        counts=FindingCounts(**{each: sum(one.severity == each for one in findings) for each in SEVERITIES}),
        checked=seen.checked,
        diagnostics=Diagnostics.model_validate(seen, from_attributes=True),
        generated_at=seen.generated_at,
    )
