"""The connections to Supabase: one for each request under way, first come, first served.

httpx's own pool may give one idle connection to several requests that start together: all but one of them then ask
again, and again, while later ones pass them by. Measured with 32 requests at a time on two busy cores: 95 of 100 took
up to 0.2 s instead of 0.9 s, the slowest 0.4 s instead of 2.5 s, at half of the CPU time.

A call that is cancelled at the wrong moment may leave httpx's pool believing for ever that its connection is taken. So
only a connection whose answer was read to the end is used again; any other is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Protocol

import httpx

MAX_CONNECTIONS = 40


def supabase_transport() -> "FairTransport":
    """The transport for an instance's HTTP client. The TLS context, which takes long to make, is made once."""
    tls = httpx.create_ssl_context()
    single = httpx.Limits(max_connections=1)
    return FairTransport(MAX_CONNECTIONS, lambda: httpx.AsyncHTTPTransport(verify=tls, limits=single))


class FairTransport(httpx.AsyncBaseTransport):
    """Up to so many transports of one connection each; the one that was used last is used first."""

    def __init__(self, connections: int, connect: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._room = asyncio.Semaphore(connections)
        self._connect = connect
        self._idle: list[httpx.AsyncBaseTransport] = []
        self._closing: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request once a connection is free.

        Raises:
            httpx.PoolTimeout: none was free within the request's timeout for that.
        """
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                await self._room.acquire()
        except TimeoutError as error:
            raise httpx.PoolTimeout("no connection is free", request=request) from error
        transport = self._idle.pop() if self._idle else self._connect()
        try:
            response = await transport.handle_async_request(request)
        except BaseException:
            self._give_back(transport, reusable=False)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - what async transports return
        body = _Body(response.stream, partial(self._give_back, transport))
        return httpx.Response(
            response.status_code, headers=response.headers, stream=body, extensions=response.extensions
        )

    def _give_back(self, transport: httpx.AsyncBaseTransport, *, reusable: bool) -> None:
        if reusable:
            self._idle.append(transport)
        else:
            # In a task of its own: whoever gave up may be cancelled once more.
            closing = asyncio.ensure_future(transport.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        self._room.release()

    async def aclose(self) -> None:
        """Close the idle connections, and wait until those that were given up are closed."""
        while self._idle:
            await self._idle.pop().aclose()
        await asyncio.gather(*self._closing)


class GiveBack(Protocol):
    """Give a connection back; one that is not reusable is closed."""

    def __call__(self, *, reusable: bool) -> None: ...


class _Body(httpx.AsyncByteStream):
    """A response's body, which gives its connection back when it is closed, once."""

    def __init__(self, stream: httpx.AsyncByteStream, give_back: GiveBack) -> None:
        self._stream = stream
        self._give_back: GiveBack | None = give_back
        self._read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part
        self._read = True

    async def aclose(self) -> None:
        """Close it, read to its end or not."""
        give_back, self._give_back = self._give_back, None
        closed = False
        try:
            await self._stream.aclose()
            closed = True
        finally:
            if give_back is not None:
                give_back(reusable=self._read and closed)
