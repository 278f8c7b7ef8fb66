"""What jobs of all types need: the outside world on this machine, and a worker over a real database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

from lib import jobs
from lib.database import Database
from lib.queue.report import RunReport
from lib.queue.worker import Worker
from lib.settings import Settings
from tests.jobs.image_host import ImageHost, serving

type Db = psycopg.Connection[dict[str, Any]]
type Work = Callable[..., Awaitable[list[RunReport]]]

DUE = "select id from public.background_jobs where status = 'pending' and scheduled_for <= now() limit 1"

assert jobs.__all__, "importing lib.jobs registers the types"


@pytest.fixture
async def host() -> AsyncIterator[ImageHost]:
    """A host of images that the settings of `work` allow."""
    async with serving() as host:
        yield host


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """The client that a function keeps between invocations."""
    async with httpx.AsyncClient(timeout=3) as client:
        yield client


@pytest.fixture
def database(project: dict[str, str], http: httpx.AsyncClient) -> Database:
    """The door to the test's database."""
    return Database(project["SUPABASE_URL"], project["SUPABASE_SERVICE_ROLE_KEY"], http)


@pytest.fixture
def work(project: dict[str, str], database: Database, http: httpx.AsyncClient, db: Db, host: ImageHost) -> Work:
    """Run the worker, with all job types, until no job is due (at most so many runs); other arguments are variables of
    the environment."""
    db.execute("update public.job_schedules set enabled = false")

    async def run(runs: int = 5, **environment: str) -> list[RunReport]:
        settings = Settings.load(project | {"IMAGE_HOSTS": host.origin} | environment)
        reports: list[RunReport] = []
        while len(reports) < runs and db.execute(DUE).fetchone():
            worker = Worker(
                database=database, http=http, settings=settings, trigger="manual", budget_ms=8000, concurrency=20
            )
            reports.append(await worker.run())
        return reports

    return run
