"""What jobs of all types need: the outside world on this machine, and a worker over a real database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.report import RunReport
from lib.queue.worker import Worker
from lib.resources import Resources
from lib.settings import Settings
from tests.jobs.image_host import ImageHost, serving

type Db = psycopg.Connection[dict[str, Any]]
type Work = Callable[..., Awaitable[list[RunReport]]]

DUE = "select id from public.background_jobs where status = 'pending' and scheduled_for <= now() limit 1"


@pytest.fixture
async def host() -> AsyncIterator[ImageHost]:
    """A host of images that the settings of `work` allow."""
    async with serving() as host:
        yield host


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A browser, say."""
    async with httpx.AsyncClient(timeout=3) as client:
        yield client


@pytest.fixture
def work(project: dict[str, str], db: Db, host: ImageHost) -> Work:
    """Run the worker, with all job types, until no job is due (at most so many runs); other arguments are variables of
    the environment."""
    db.execute("update public.job_schedules set enabled = false")

    async def run(runs: int = 5, **environment: str) -> list[RunReport]:
        resources = Resources.open(Settings.load(project | {"IMAGE_HOSTS": host.origin} | environment))
        reports: list[RunReport] = []
        try:
            while len(reports) < runs and db.execute(DUE).fetchone():
                reports.append(await Worker(resources, "manual").run())
        finally:
            await resources.aclose()
        return reports

    return run
