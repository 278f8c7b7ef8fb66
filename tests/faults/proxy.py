"""A TCP proxy between a worker and the API that does what networks do: cuts, delays and duplicates.

It reads HTTP/1.1 messages whole, so that a fault hits one request or one reply. It runs an event loop in a thread of
its own; faults are chosen by a seeded generator, in the order in which requests come.
"""

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

Fault = Literal[
    "none",
    "cut before the request",
    "cut after the request",
    "cut within the reply",
    "delayed reply",
    "duplicated request",
    "duplicated reply",
    "bad gateway",
]
FAULTS: tuple[Fault, ...] = (
    "cut before the request",
    "cut after the request",
    "cut within the reply",
    "delayed reply",
    "duplicated request",
    "duplicated reply",
    "bad gateway",
)
PAGE = b"<html>502 Bad Gateway</html>"
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n" % len(PAGE) + PAGE


class Proxy:
    """Listens on 127.0.0.1 from `with` to its end. `chance` is the share of requests that meet a fault."""

    def __init__(
        self,
        target_port: int,
        seed: int,
        *,
        kinds: Sequence[Fault] = FAULTS,
        chance: float = 0.15,
        longest_delay_s: float = 0.4,
    ) -> None:
        self._target, self._kinds, self._longest_delay_s = target_port, kinds, longest_delay_s
        self._random = random.Random(seed)
        self.chance = chance
        self.faults: Counter[Fault] = Counter()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def url(self, through: str) -> str:
        """The URL of the API with the proxy in between."""
        scheme, _, rest = through.partition("://")
        _, _, path = rest.partition("/")
        return f"{scheme}://127.0.0.1:{self.port}/{path}".rstrip("/")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            while request := await read_message(reader):
                if not await self._pass_on(request, writer):
                    break
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _pass_on(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer one request, or not; False when the client's connection is to be cut."""
        fault = self._choose()
        self.faults[fault] += 1
        if fault == "cut before the request":
            return False
        if fault == "bad gateway":
            writer.write(BAD_GATEWAY)
            await writer.drain()
            return True
        if fault == "duplicated request":
            await self._ask(request)
        reply = await self._ask(request)
        if fault == "cut after the request":
            return False
        if fault == "delayed reply":
            await asyncio.sleep(self._random.uniform(0.01, self._longest_delay_s))
        writer.write(reply[: len(reply) // 2] if fault == "cut within the reply" else reply)
        if fault == "duplicated reply":
            writer.write(reply)
        await writer.drain()
        return fault != "cut within the reply"

    async def _ask(self, request: bytes) -> bytes:
        """The API's reply. A connection for each request, as none is to be shared between a request and its copy."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._target, limit=1 << 24)
        try:
            writer.write(request)
            await writer.drain()
            return await read_message(reader)
        finally:
            writer.close()

    def _choose(self) -> Fault:
        return self._random.choice(self._kinds) if self._random.random() < self.chance else "none"


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """One HTTP message, head and body; empty at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    headers = _headers(head)
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        return head + await _chunks(reader)
    return head + await reader.readexactly(int(headers.get(b"content-length", b"0")))


def _headers(head: bytes) -> Mapping[bytes, bytes]:
    lines = head.split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        chunk = await reader.readexactly(int(size, 16) + 2)
        body += size + chunk
        if int(size, 16) == 0:
            return body
