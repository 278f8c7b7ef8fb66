"""A push service on 127.0.0.1, and the browsers that it serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from dev.demo.browser import Browser, VapidKey

VAPID_SUBJECT = "mailto:operator@example.com"
VAPID_KEY = VapidKey()


@dataclass
class Push:
    """What arrived: the headers, in lower case, and the body."""

    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """Answers 201 to pushes, unless told otherwise for a path; keeps what arrived."""

    port: int = 0
    arrived: dict[str, list[Push]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """host:port, as in PUSH_HOSTS."""
        return f"127.0.0.1:{self.port}"

    def browser(self, name: str, status: str = "201 Created") -> Browser:
        """A browser, and what its pushes are answered."""
        self.statuses[f"/push/{name}"] = status
        return Browser(f"http://{self.origin}/push/{name}", VAPID_KEY.public)

    def pushes_to(self, browser: Browser) -> list[Push]:
        """What arrived for a browser."""
        return self.arrived.get(urlsplit(browser.endpoint).path, [])

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, which is closed after one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers["content-length"]))
        path = lines[0].split(" ")[1]
        self.arrived.setdefault(path, []).append(Push(headers, body))
        status = self.statuses.get(path, "404 Not Found")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[PushService]:
    """A push service, on a port of its own."""
    service = PushService()
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()
