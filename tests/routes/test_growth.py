"""No public input costs more than its size: of eight times as much, about eight times the time.

Quadratic work takes 64 times as long; the limit is in between. Time is the processor's, the least of some runs.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.types import Message

from lib.web.requests import MAX_PARAMETERS
from tests.routes.conftest import Logged, serve_any_route
from tests.routes.test_ratings import GOOD, SESSION, URL, new_posts

SMALL, TIMES, MOST = 1, 8, 30


@dataclass(frozen=True)
class Sent:
    """A request as the server gives it to the route, so that no client's work is measured."""

    method: str = "GET"
    path: str = URL
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    pieces: tuple[bytes, ...] = (b"",)

    async def status(self) -> int:
        """Serve it, and return the status."""
        scope = {
            "type": "http", "method": self.method, "path": self.path, "raw_path": self.path.encode(), "root_path": "",
            "query_string": self.query, "headers": list(self.headers), "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        left = list(reversed(self.pieces))
        statuses: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": left.pop(), "more_body": bool(left)}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await serve_any_route(scope, receive, send)
        return statuses[0]


def get(query: str, *headers: tuple[str, str]) -> Sent:
    """Read ratings."""
    return Sent(query=query.encode(), headers=tuple((name.encode(), value.encode()) for name, value in headers))


def post(content: str | tuple[bytes, ...], *headers: tuple[str, str]) -> Sent:
    """Like a post."""
    sent = (("content-type", "application/json"), *headers)
    raw = tuple((name.encode(), value.encode()) for name, value in sent)
    return Sent("POST", headers=raw, pieces=content if isinstance(content, tuple) else (content.encode(),))


# What a stranger may send, of a size.
INPUTS: dict[str, Callable[[int], Sent]] = {
    "many names": lambda size: get("&".join(f"a{n}" for n in range(size * 1000))),
    "many values of a name": lambda size: get("&".join(["postId=1"] * size * 700)),
    "escapes": lambda size: get(f"postId={'%ff' * size * 2000}"),
    "plus signs": lambda size: get(f"postId={'+' * size * 6000}"),
    "unknown fields": lambda size: post(json.dumps({f"k{n}": 1 for n in range(size * 500)})),
    "a repeated field": lambda size: post("{" + ",".join(['"postId":1'] * size * 600) + "}"),
    "depth": lambda size: post("[" * size * 7000),
    "digits": lambda size: post(json.dumps([10**900] * size * 8)),
    "fractions": lambda size: post(json.dumps([0.123456789] * size * 500)),
    "a string of escapes": lambda size: post('{"sessionId":"' + "\\u00e9" * size * 1200 + '"}'),
    "a body in pieces": lambda size: post((b" ",) * size * 2000),
    "headers": lambda size: get("", *((f"x-h{n}", "1") for n in range(size * 300))),
    "a header again and again": lambda size: get("", *(("x-session-id", "a"),) * size * 300),
    "cookies": lambda size: get("", ("cookie", "; ".join(f"c{n}={n}" for n in range(size * 500)))),
    "a token": lambda size: get(f"postId={GOOD['postId']}", ("authorization", f"Bearer {'a' * size * 4000}.b")),
    "blanks before a token": lambda size: get("", ("authorization", f"Bearer {' ' * size * 4000}a")),
    "a request id": lambda size: get("", ("x-request-id", "x" * size * 4000 + " ")),
    "a session id": lambda size: get(f"postId={GOOD['postId']}", ("x-session-id", "\u00e9" * size * 2000)),
    "a media type": lambda size: post("{}", ("content-type", "a/b" + "; x=y" * size * 1000)),
    "addresses": lambda size: post("{}", ("x-vercel-forwarded-for", ", ".join(["203.0.113.7"] * size * 500))),
    "a preflight": lambda size: Sent(
        "OPTIONS",
        headers=(
            (b"origin", b"https://evil.example.com"),
            (b"access-control-request-method", b"POST"),
            (b"access-control-request-headers", b",".join([b"a"] * size * 3000)),
        ),
    ),
    "a cursor": lambda size: Sent(path="/api/posts", query=b"cursor=" + b"W1tb" * size * 1000),
}


async def least_seconds(sent: Sent) -> float:
    """Return what the processor needed, the least of three runs; no run may be let through."""
    least = float("inf")
    for _ in range(3):
        started = time.process_time()
        status = await sent.status()
        least = min(least, time.process_time() - started)
        assert 400 <= status < 500
    return least


@pytest.mark.parametrize("name", INPUTS)
async def test_eight_times_the_input_is_about_eight_times_the_work(
    site: httpx.AsyncClient, logged: Logged, name: str
) -> None:
    """And whatever comes, little is logged of it."""
    make = INPUTS[name]
    await make(SMALL).status()
    small = await least_seconds(make(SMALL))
    large = await least_seconds(make(SMALL * TIMES))
    assert large < small * MOST
    assert len(logged.text) < 10_000


async def test_a_page_of_posts_and_its_session_fit_into_a_query(site: httpx.AsyncClient, db: Any) -> None:
    """The limit of parameters is above the limit of posts."""
    reply = await site.get(URL, params={"postId": new_posts(db, 100), "sessionId": SESSION})
    assert len(reply.json()["ratings"]) == 100


@pytest.mark.parametrize("path", [URL, "/api/posts", "/api/health/queue"])
async def test_more_parameters_than_anybody_needs_are_refused(site: httpx.AsyncClient, path: str) -> None:
    """Also where what monitors append is no error; they are counted before one is read."""
    reply = await site.get(f"{path}?" + "&".join(f"a{n}=1" for n in range(MAX_PARAMETERS + 1)))
    rule = {"field": "query", "rule": f"must have at most {MAX_PARAMETERS} parameters"}
    assert (reply.status_code, reply.json()["error"]["details"]) == (422, [rule])
    assert (await site.get("/api/health/queue?" + "&".join(["a"] * MAX_PARAMETERS))).status_code == 200
