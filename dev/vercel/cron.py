"""What Vercel Cron does: a GET on each path, which anyone could send but for its secret."""

import http.client
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

USER_AGENT = "vercel-cron/1.0"
TIMEOUT_SECONDS = 330.0  # above the platform's longest maxDuration by default


@dataclass(frozen=True)
class CronReply:
    """How a path answered the tick."""

    path: str
    status: int
    body: bytes

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)


def tick(url: str, paths: Sequence[str], secret: str | None) -> list[CronReply]:
    """Call every path at once and return their replies in order. Nothing is retried.

    Raises OSError if the server is not there.
    """
    if not paths:
        return []
    with ThreadPoolExecutor(len(paths)) as callers:
        return list(callers.map(lambda path: call(url, path, secret), paths))


def call(url: str, path: str, secret: str | None) -> CronReply:
    """Call one path as Vercel Cron does; without a secret it sends no authorization."""
    headers = {"User-Agent": USER_AGENT}
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        return CronReply(path, reply.status, reply.read())
    finally:
        connection.close()
