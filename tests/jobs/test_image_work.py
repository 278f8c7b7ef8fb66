"""Waiting for other images is nobody's failure."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest

from lib.outside import Copy, NoTurn, Outside, Verdict
from lib.outside.images.images import IMAGES_AT_A_TIME
from lib.settings import Settings
from tests.jobs import pictures
from tests.jobs.image_host import Connection, ImageHost


def remaining(seconds: float) -> Callable[[], float]:
    """As a job's context tells it."""
    ends = time.monotonic() + seconds
    return lambda: ends - time.monotonic()


@pytest.fixture
async def outside(host: ImageHost) -> AsyncIterator[Outside]:
    """The outside world of an instance that fetches images from `host`."""
    environment = {
        "SUPABASE_URL": "https://x.supabase.co",
        "SUPABASE_SERVICE_ROLE_KEY": "k",
        "IMAGE_HOSTS": host.origin,
    }
    outside = Outside.of(Settings.load(environment))
    yield outside
    await outside.aclose()


async def test_an_image_that_waited_too_long_to_be_fetched_in_time_had_no_turn(
    host: ImageHost, outside: Outside
) -> None:
    """With what the others left of its time the host would fail, and the attempt be counted."""
    ready = asyncio.Event()

    async def slow(connection: Connection) -> None:
        await ready.wait()
        await connection.reply(pictures.encoded(pictures.quarters(4, 4)))

    url = host.answers_with("/a.jpg", slow)

    def copy(seconds: float) -> asyncio.Task[list[Copy] | Verdict]:
        return asyncio.create_task(outside.copy_image(url, [1], remaining(seconds)))

    others = [copy(60) for _ in range(IMAGES_AT_A_TIME)]
    async with asyncio.timeout(5):
        while len(host.heads) < IMAGES_AT_A_TIME:  # noqa: ASYNC110 - until the host was asked
            await asyncio.sleep(0.01)
    assert await copy(4.5) == NoTurn("other images are being worked on")
    ready.set()
    assert all(isinstance(made, list) for made in await asyncio.gather(*others))
    assert len(host.heads) == IMAGES_AT_A_TIME
    assert isinstance(await copy(60), list)
