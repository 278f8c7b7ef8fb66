"""A host of images on 127.0.0.1, good and bad: each path of it misbehaves in a way of its own."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

type Answer = Callable[["Connection"], Awaitable[None]]


class Connection:
    """One request, with its head, and the ways to answer it."""

    def __init__(self, head: str, writer: asyncio.StreamWriter) -> None:
        self.head = head
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def start(self, status: str, *headers: str) -> None:
        """Send a status line and headers."""
        await self.send("\r\n".join([f"HTTP/1.1 {status}", *headers, "connection: close", "", ""]).encode())

    async def reply(self, body: bytes, status: str = "200 OK", *headers: str) -> None:
        """Send a whole answer."""
        await self.start(status, f"content-length: {len(body)}", *headers)
        await self.send(body)


async def not_found(connection: Connection) -> None:
    """What a path without an answer gets."""
    await connection.reply(b"no such file", "404 Not Found")


class ImageHost:
    """Answers GETs of the paths in `answers`; `heads` are the requests that came."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.heads: list[str] = []
        self.port = 0

    @property
    def origin(self) -> str:
        """host:port, as in IMAGE_HOSTS."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        """The URL of a path."""
        return f"http://{self.origin}{path}"

    def serves(self, path: str, body: bytes, status: str = "200 OK", *headers: str) -> str:
        """Answer a path with a body. Returns its URL."""
        return self.answers_with(path, lambda connection: connection.reply(body, status, *headers))

    def answers_with(self, path: str, answer: Answer) -> str:
        """Answer a path with a function. Returns its URL."""
        self.answers[path] = answer
        return self.url(path)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; it is closed after one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            path = head.split(" ")[1]
            await self.answers.get(path, not_found)(Connection(head, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # who called has heard enough
        finally:
            writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[ImageHost]:
    """A host, on a port of its own."""
    host = ImageHost()
    server = await asyncio.start_server(host.handle, "127.0.0.1", 0)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()


# -- ways to misbehave


async def drip(connection: Connection) -> None:
    """A byte now and then, for ever: no single read times out."""
    await connection.start("200 OK", "content-length: 1000")
    while True:
        await connection.send(b"x")
        await asyncio.sleep(0.05)


async def never_ends(connection: Connection) -> None:
    """More and more, without saying how much."""
    await connection.start("200 OK", "content-type: image/jpeg")
    while True:
        await connection.send(b"x" * 65536)


async def says_a_gigabyte(connection: Connection) -> None:
    """What is too long from the start."""
    await connection.start("200 OK", "content-length: 1073741824")
    await connection.send(b"x" * 65536)


async def lies_about_its_length(connection: Connection) -> None:
    """A small Content-Length, and a body in chunks, which counts (RFC 9112, section 6.3)."""
    await connection.start("200 OK", "transfer-encoding: chunked")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    while True:
        await connection.send(chunk)


async def gzip_bomb(connection: Connection) -> None:
    """A hundred megabytes of zeros in a hundred kilobytes."""
    body = gzip.compress(bytes(100_000_000))
    await connection.reply(body, "200 OK", "content-encoding: gzip", "content-type: image/png")


async def hangs_up(connection: Connection) -> None:
    """Half an answer."""
    await connection.start("200 OK", "content-length: 1000")
    await connection.send(b"x" * 10)


async def says_nothing(_: Connection) -> None:
    """The connection is there, and that is all."""
    await asyncio.sleep(60)


async def no_http(connection: Connection) -> None:
    """Another protocol."""
    await connection.send(b"220 mail.example.com ESMTP\r\n")
