"""A name whose look-up hangs, which its owner decides, delays nothing but others of its kind."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from py_vapid import Vapid

from dev.demo.browser import Browser
from lib.images.fetching import fetch_image
from lib.outside import AllowedHosts, LookUps
from lib.push import Later, PushSender, Subscription
from tests.jobs.image_host import ImageHost
from tests.jobs.push_service import VAPID_KEY, VAPID_SUBJECT

ROOT = Path(__file__).resolve().parents[2]
ENDS = """
import asyncio, socket, time
from lib.outside import LookUps
socket.getaddrinfo = lambda *_, **__: time.sleep(60)

async def look_up():
    async with asyncio.timeout(0.1):
        await LookUps("test").resolve("a.example", 443)

try:
    asyncio.run(look_up())
except TimeoutError:
    print("in time")
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names under .example that were looked up, and hang until the test ends."""
    getaddrinfo, ended, names = socket.getaddrinfo, Event(), list[str]()

    def hang(host: Any, *arguments: Any, **others: Any) -> Any:
        if not str(host).endswith(".example"):
            return getaddrinfo(host, *arguments, **others)
        names.append(host)
        ended.wait(60)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield names
    ended.set()


@pytest.mark.usefixtures("asked")
async def test_pushes_to_names_that_hang_stop_neither_images_nor_supabase(host: ImageHost) -> None:
    """Anyone may subscribe with twenty endpoints of a domain whose name server says nothing."""
    sender = PushSender(Vapid.from_string(VAPID_KEY.private), VAPID_SUBJECT, AllowedHosts.of([]))

    async def push(number: int) -> Any:
        browser = Browser(f"https://{number}.example/push", VAPID_KEY.public)
        return await sender.push(Subscription(browser.endpoint, **browser.keys), b"{}", "topic", 1)

    pushes = asyncio.gather(*(push(number) for number in range(40)))
    await asyncio.sleep(0.2)
    url = host.serves("/a.jpg", b"pixels").replace("127.0.0.1", "localhost")
    assert await fetch_image(url, AllowedHosts.of([f"localhost:{host.port}"]), 5) == b"pixels"
    async with asyncio.timeout(5):  # as the client of Supabase looks it up
        assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)
    assert all(isinstance(verdict, Later) for verdict in await pushes)


async def test_a_look_up_that_nobody_waits_for_any_more_never_starts(asked: list[str]) -> None:
    """Else those of an hour ago would be looked up before today's."""
    look_ups = LookUps("test", threads=2)

    async def look_up(number: int) -> None:
        async with asyncio.timeout(0.2):
            await look_ups.resolve(f"{number}.example", 443)

    failures = await asyncio.gather(*(look_up(number) for number in range(10)), return_exceptions=True)
    assert all(isinstance(failure, TimeoutError) for failure in failures)
    assert sorted(asked) == ["0.example", "1.example"]


async def test_numbers_and_names_resolve_and_others_do_not() -> None:
    """As the C library says; the failure arrives where it is awaited."""
    look_ups = LookUps("test")
    assert await look_ups.resolve("2130706433", 80) == [ip_address("127.0.0.1")]
    assert await look_ups.resolve("::1", 80) == [ip_address("::1")]
    with pytest.raises(socket.gaierror):
        await look_ups.resolve("no-such-name.invalid", 80)


def test_a_look_up_that_hangs_does_not_keep_the_process() -> None:
    """At its end, Python waits for the threads of an executor."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", ENDS], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "in time\n"
    assert time.monotonic() - started < 30
