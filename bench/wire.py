"""What Supabase gets to see: a forwarder on the way to it that counts the requests, by method and path."""

import asyncio
import re
import threading
from collections import Counter
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

# A request's first line. It may follow the last one's body directly; JSON has no line ends of this kind in it.
_REQUEST = re.compile(rb"(GET|POST|PUT|PATCH|DELETE|HEAD) (/\S*) HTTP/1\.1\r\n")
_LONGEST_REQUEST_LINE = 2_048


class Wire:
    """A context manager: `url` leads to the same API while it is open; `counts` are the requests so far."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self.counts: Counter[str] = Counter()
        self.url = ""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        serving = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self._server = serving.result()
        port = self._server.sockets[0].getsockname()[1]
        self.url = urlunsplit(self._target._replace(netloc=f"127.0.0.1:{port}"))
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        api_reader, api_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        try:
            await asyncio.gather(
                self._forward(reader, api_writer, RequestLines(self.counts)), self._forward(api_reader, writer)
            )
        finally:
            api_writer.close()
            writer.close()

    async def _forward(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, lines: "RequestLines | None" = None
    ) -> None:
        while data := await source.read(65_536):
            if lines is not None:
                lines.feed(data)
            to.write(data)
            await to.drain()
        to.write_eof()


class RequestLines:
    """Counts the first lines of the requests in one connection's stream, wherever its packets end."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take the next part of the stream."""
        data, end = self._rest + data, 0
        for found in _REQUEST.finditer(data):
            self._counts[f"{found[1].decode()} {urlsplit(found[2].decode()).path}"] += 1
            end = found.end()
        self._rest = data[max(end, len(data) - _LONGEST_REQUEST_LINE) :]
