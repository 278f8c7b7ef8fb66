"""The connections to Supabase's API. A transport sends one request and returns the whole reply; it retries nothing.

aiohttp instead of httpx: a call costs a quarter of the CPU time. See docs/decisions/0018-calls-by-aiohttp.md.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import aiohttp
import certifi

MAX_CONNECTIONS = 40


class Reply(NamedTuple):
    """The status and the body of an HTTP reply."""

    status: int
    body: bytes


class Unreachable(Exception):
    """No whole reply came. Whether the request had an effect is unknown."""


class Transport(Protocol):
    """Sends requests. The caller bounds the time; a call that is cancelled leaves the transport usable."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one request.

        Raises:
            Unreachable: no whole reply came.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Connections:
    """A pool of at most MAX_CONNECTIONS connections, for one event loop. A request waits while all are taken.

    A connection whose reply was not read to its end is closed, not used again.
    """

    def __init__(self) -> None:
        # aiohttp would take another resolver as soon as one is installed. This one knows what the system knows.
        connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ssl=_tls(), resolver=aiohttp.ThreadedResolver())
        # The caller bounds the whole call; see Database.rpc.
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """See Transport."""
        await _see_closed_connections()
        try:
            async with self._session.post(url, headers=headers, data=body, allow_redirects=False) as response:
                return Reply(response.status, await response.read())
        except aiohttp.ClientError as error:
            raise Unreachable(type(error).__name__) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()


def service_headers(key: str) -> dict[str, str]:
    """Return what Supabase's gateway wants to see of the service role.

    The names are spelt as supabase's libraries spell them: Auth replaces Authorization by the user's token.
    """
    return {"apikey": key, "Authorization": f"Bearer {key}"}


async def _see_closed_connections() -> None:
    """Let the event loop notice connections that Supabase closed while this process was frozen or busy.

    One turn reads the end of the stream, the next one drops the connection. Without this, the first request after a
    pause could be sent into a closed connection, and a POST is not safe to repeat.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())
