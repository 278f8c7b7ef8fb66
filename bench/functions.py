"""The project's functions and the bare reference, served side by side, and requests to them."""

import http.client
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.lab import Lab
from dev.vercel import Functions

BARE = Path(__file__).resolve().parent / "bare"
TIMEOUT_S = 60.0
# One run is measured by itself, so it starts no other.
BENCH_ENV = {"LIKES_PER_MINUTE_PER_SESSION": "0", "LIKES_PER_MINUTE_PER_ADDRESS": "0", "WORKER_MAX_RUNS": "0"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and how long it took."""

    status: int
    body: bytes
    ms: float


def functions_env(lab: Lab, database: str) -> dict[str, str]:
    """What the functions are given: a database of this stack, secrets, no rate limit on likes, no successors."""
    tokens = {name: secrets.token_hex(16) for name in ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")}
    return lab.stack.functions_env(database) | tokens | BENCH_ENV


@contextmanager
def served(project: Path, env: Mapping[str, str]) -> Iterator[Functions]:
    """A project's functions while they run, each started when it is first asked."""
    with Functions(project, env) as functions:
        yield functions


def request(functions: Functions, method: str, path: str, body: object = None) -> Answer:
    """Send one request over a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(functions.url).netloc, timeout=TIMEOUT_S)
    content = None if body is None else json.dumps(body).encode()
    started = time.perf_counter()
    try:
        connection.request(method, path, content, {"content-type": "application/json"} if content else {})
        reply = connection.getresponse()
        return Answer(reply.status, reply.read(), (time.perf_counter() - started) * 1000)
    finally:
        connection.close()
