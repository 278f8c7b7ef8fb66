"""Waiting for other images is nobody's failure."""

import asyncio
import time
from collections.abc import Callable

import pytest

from lib.images import Busy, work_on_image
from lib.images.work import IMAGES_AT_A_TIME
from lib.outside import AllowedHosts
from tests.jobs.image_host import Connection, ImageHost


def remaining(seconds: float) -> Callable[[], float]:
    """As a job's context tells it."""
    ends = time.monotonic() + seconds
    return lambda: ends - time.monotonic()


async def test_an_image_that_waited_too_long_to_be_fetched_in_time_is_snoozed(host: ImageHost) -> None:
    """With what the others left of its time the host would fail, and the attempt be counted."""

    async def slow(connection: Connection) -> None:
        await asyncio.sleep(1.8)
        await connection.reply(b"pixels")

    url, hosts = host.answers_with("/a.jpg", slow), AllowedHosts.of([host.origin])
    others = [asyncio.create_task(work_on_image(url, hosts, len, remaining(10))) for _ in range(IMAGES_AT_A_TIME)]
    await asyncio.sleep(0.05)
    with pytest.raises(Busy):
        await work_on_image(url, hosts, len, remaining(5))
    assert await asyncio.gather(*others) == [6] * IMAGES_AT_A_TIME
    assert len(host.heads) == IMAGES_AT_A_TIME
    assert await work_on_image(url, hosts, len, remaining(5)) == 6
