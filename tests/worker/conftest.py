"""Workers against a real database, through the real API. Schedules are switched off unless a test wants them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from lib.database import Database
from lib.queue.registry import JobType
from lib.queue.worker import Worker
from lib.settings import Settings
from tests.worker.faults import Faults
from tests.worker.working import Db, MakeWorker


@pytest.fixture(autouse=True)
def without_schedules(db: Db) -> None:
    """Their slots would add jobs now and then."""
    db.execute("update public.job_schedules set enabled = false")


@pytest.fixture
async def faults() -> AsyncIterator[Faults]:
    """The network between the worker and Supabase, whole until a test breaks it."""
    transport = Faults(httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=100)))
    yield transport
    await transport.aclose()


@pytest.fixture
def http(faults: Faults) -> httpx.AsyncClient:
    """The client that a function keeps between invocations."""
    return httpx.AsyncClient(transport=faults, timeout=3)


@pytest.fixture
def database(project: dict[str, str], http: httpx.AsyncClient) -> Database:
    """The door to the test's database."""
    return Database(project["SUPABASE_URL"], project["SUPABASE_SERVICE_ROLE_KEY"], http)


@pytest.fixture
def make_worker(project: dict[str, str], database: Database, http: httpx.AsyncClient) -> MakeWorker:
    """A factory of workers of the given types, with the platform's deadline."""
    settings = Settings.load(project)

    def make(*types: JobType, **options: Any) -> Worker:
        given: dict[str, Any] = {
            "trigger": "manual",
            "budget_ms": 8000,
            "concurrency": 20,
            "deadline_in_s": 10.0,
        } | options
        types_by_name = {each.name: each for each in types}
        return Worker(database=database, http=http, settings=settings, types=types_by_name, **given)

    return make
