"""Workers against a real database, through the real API. Schedules are switched off unless a test wants them,
and types take any payload, because the handlers are the tests' own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from lib.database import Connections, Database
from lib.outside import Outside
from lib.queue.registry import JobType
from lib.queue.worker import Trigger, Worker
from lib.resources import Resources
from lib.settings import Settings
from tests.worker.faults import Faults
from tests.worker.working import Db, MakeWorker


@pytest.fixture(autouse=True)
def without_schedules(db: Db) -> None:
    """Their slots would add jobs now and then; and let the types take any payload."""
    db.execute("update public.job_schedules set enabled = false")


@pytest.fixture
async def faults() -> AsyncIterator[Faults]:
    """The network between the worker and Supabase, whole until a test breaks it."""
    transport = Faults(Connections())
    yield transport
    await transport.aclose()


@pytest.fixture
def resources(project: dict[str, str], faults: Faults) -> Resources:
    """What an instance has, over the test's database."""
    settings = Settings.load(project)
    database = Database(settings.supabase_url, settings.supabase_service_role_key.get_secret_value(), faults)
    return Resources(settings, database, Outside.of(settings))


@pytest.fixture
def make_worker(resources: Resources) -> MakeWorker:
    """A factory of workers of the given types, with the platform's deadline."""

    def make(
        *types: JobType,
        budget_ms: int = 8000,
        concurrency: int = 20,
        deadline_in_s: float | None = 10.0,
        trigger: Trigger = "manual",
        **options: Any,
    ) -> Worker:
        settings = resources.settings.model_copy(
            update={"worker_budget_ms": budget_ms, "worker_concurrency": concurrency}
        )
        types_by_name = {each.name: each for each in types}
        return Worker(replace(resources, settings=settings), trigger, deadline_in_s, types=types_by_name, **options)

    return make
