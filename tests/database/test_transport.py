"""The connections to Supabase, against a server that misbehaves."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from lib.database import Connections, Database, Unreachable
from lib.errors import DatabaseTimeout, DatabaseUnavailable, UnreadableAnswer

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n42"


@dataclass
class Server:
    """Answers each request with `answer`. `port` is where it listens; `connections` counts those that were opened."""

    port: int = 0
    answer: bytes = ANSWER
    connections: int = 0
    requests: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
                self.requests += 1
                writer.write(self.answer)
                await writer.drain()

    def close_connections(self) -> None:
        """Close every connection, as a server does with those that are idle for long."""
        for writer in self.writers:
            writer.close()


class Elsewhere:
    """A server in an event loop of its own thread, so that it goes on while the test's loop stands still."""

    def __init__(self) -> None:
        self.server = Server()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = self.do(partial(asyncio.start_server, self.server.serve, "127.0.0.1", 0))
        assert isinstance(listening, asyncio.Server)
        self._listening = listening
        self.server.port = listening.sockets[0].getsockname()[1]

    def do(self, what: Callable[[], object]) -> object:
        """Do something in the server's loop and wait for it, standing still meanwhile."""

        async def done() -> object:
            result = what()
            return await result if asyncio.iscoroutine(result) else result

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(5)

    def stop(self) -> None:
        """End the thread."""
        self.do(self._listening.close)
        self.do(self.server.close_connections)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """A running server."""
    running = Elsewhere()
    yield running
    running.stop()


@pytest.fixture
async def database(elsewhere: Elsewhere) -> AsyncIterator[Database]:
    """The door to that server."""
    connections = Connections()
    yield Database(f"http://127.0.0.1:{elsewhere.server.port}", "key", connections)
    await connections.aclose()


async def test_a_connection_is_used_again(elsewhere: Elsewhere, database: Database) -> None:
    """A TLS handshake for each call would cost more than the call."""
    assert [await database.rpc("f", int) for _ in range(5)] == [42] * 5
    assert elsewhere.server.connections == 1


async def test_a_connection_closed_during_a_freeze_is_not_used(elsewhere: Elsewhere, database: Database) -> None:
    """The platform freezes an instance between invocations. A POST into a closed connection could not be repeated."""
    for _ in range(20):
        assert await database.rpc("f", int) == 42
        elsewhere.do(elsewhere.server.close_connections)
    assert elsewhere.server.requests == 20


async def test_what_never_answers_is_a_timeout(elsewhere: Elsewhere, database: Database) -> None:
    """At the caller's deadline, whatever the most that a call may take; and the next call is served."""
    elsewhere.server.answer = b""
    with pytest.raises(DatabaseTimeout, match="f: no answer in time"):
        await database.within(lambda: 0.05).rpc("f", int)
    elsewhere.server.answer = ANSWER
    assert await database.rpc("f", int) == 42


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", ANSWER[:-1], b"HTTP/1.1 200 OK\r\ncontent-le"])
async def test_half_an_answer_is_an_outage(elsewhere: Elsewhere, answer: bytes) -> None:
    """Whether the call had an effect is unknown."""
    connections = Connections()
    database = Database(f"http://127.0.0.1:{elsewhere.server.port}", "key", connections)
    elsewhere.server.answer = answer
    call = asyncio.ensure_future(database.rpc("f", int))
    while not elsewhere.server.requests:  # noqa: ASYNC110 - the server lives in another loop
        await asyncio.sleep(0.001)
    elsewhere.do(elsewhere.server.close_connections)
    with pytest.raises(DatabaseUnavailable):
        await call
    await connections.aclose()


async def test_nobody_listening_is_an_outage() -> None:
    """And says so before the time is over."""
    connections = Connections()
    with pytest.raises(Unreachable, match="Connect"):
        await connections.post("http://127.0.0.1:9/", {}, b"{}")
    await connections.aclose()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the answer: "),
        (b"<html>", "the answer: Invalid JSON"),
        (b'"many"', "the answer: "),
        (b"null", "the answer"),
    ],
)
async def test_an_answer_that_is_not_understood_says_so(
    elsewhere: Elsewhere, database: Database, body: bytes, problem: str
) -> None:
    """Migrations and code differ, or something else answers under Supabase's name. Not a bug of the caller's."""
    elsewhere.server.answer = ANSWER.replace(
        b"content-length: 2\r\n\r\n42", b"content-length: %d\r\n\r\n%s" % (len(body), body)
    )
    with pytest.raises(UnreadableAnswer, match=f"f: {problem}"):
        await database.rpc("f", int)


async def test_calls_beyond_the_pool_wait_their_turn(elsewhere: Elsewhere, database: Database) -> None:
    """And all of them are answered."""
    answers = await asyncio.gather(*(database.rpc("f", int) for _ in range(200)))
    assert answers == [42] * 200
    assert elsewhere.server.connections <= 40
