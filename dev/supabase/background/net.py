"""pg_net: sends the requests of `net.http_request_queue` once they are committed, and keeps the responses
in `net._http_response` for six hours. Each request is sent at most once."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from psycopg.types.json import Jsonb

BATCH = 200
TAKE = """
delete from net.http_request_queue where id = any(array(
    select id from net.http_request_queue order by id limit %s for update skip locked))
returning id, method, url, headers, body, timeout_milliseconds
"""
FORGET = "delete from net._http_response where created < now() - interval '6 hours'"
KEEP = """
insert into net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)
values (%s, %s, %s, %s, %s, %s, %s)
"""
USER_AGENT = "pg_net/0.14.0"

Connection = psycopg.AsyncConnection[dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """A row of net.http_request_queue."""

    id: int
    method: str
    url: str
    headers: dict[str, str] | None
    body: bytes | None
    timeout_milliseconds: int


class Net:
    """Sends what is queued in one database."""

    def __init__(self, http: httpx.AsyncClient, tasks: asyncio.TaskGroup) -> None:
        self._http, self._tasks = http, tasks

    async def turn(self, database: Connection) -> None:
        """Take what is queued, and begin to send it."""
        for row in await (await database.execute(TAKE, [BATCH])).fetchall():
            self._tasks.create_task(self._send(Request(**row), database))

    async def _send(self, request: Request, database: Connection) -> None:
        status = content_type = headers = content = error = None
        timed_out = False
        try:
            async with asyncio.timeout(request.timeout_milliseconds / 1000):
                reply = await self._http.request(
                    request.method,
                    request.url,
                    headers={"User-Agent": USER_AGENT, **(request.headers or {})},
                    content=request.body,
                )
            status, content_type = reply.status_code, reply.headers.get("content-type")
            headers, content = Jsonb(dict(reply.headers)), reply.text.replace("\0", "")
        except TimeoutError:
            timed_out, error = True, f"Timeout of {request.timeout_milliseconds} ms reached"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failure:  # ValueError: a header that is no text
            error = str(failure) or type(failure).__name__
        await database.execute(FORGET)
        await database.execute(KEEP, [request.id, status, content_type, headers, content, timed_out, error])
