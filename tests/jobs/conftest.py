"""What jobs of all types need: the outside world on this machine, and a worker over a real database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest

import lib.jobs  # noqa: F401 - registers the types
from lib.database import Database
from lib.outside import Outside
from lib.queue.report import RunReport
from lib.queue.testing import drain
from lib.resources import Resources
from lib.settings import Settings
from tests.jobs.image_host import ImageHost, serving

type Db = psycopg.Connection[dict[str, Any]]
type Work = Callable[..., Awaitable[list[RunReport]]]


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
async def resources(project: dict[str, str]) -> AsyncIterator[Resources]:
    """What an instance has, over the test's database."""
    opened = Resources.open(Settings.load(project))
    yield opened
    await opened.aclose()


@pytest.fixture
def database(resources: Resources) -> Database:
    """The door to the test's database."""
    return resources.database


@pytest.fixture
def work(project: dict[str, str], resources: Resources, db: Db, host: ImageHost) -> Work:
    """Run the worker, with all job types, until no job is due (at most so many runs); other arguments are variables of
    the environment."""
    db.execute("update public.job_schedules set enabled = false")

    async def run(runs: int = 5, **environment: str) -> list[RunReport]:
        settings = Settings.load(project | {"IMAGE_HOSTS": host.origin} | environment)
        outside = Outside.of(settings)
        try:
            return await drain(replace(resources, settings=settings, outside=outside), runs)
        finally:
            await outside.aclose()

    return run
