"""FairTransport: one connection for each request under way, first come, first served."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from lib.connections import FairTransport


class Body(httpx.AsyncByteStream):
    """A body that may break."""

    def __init__(self, connection: "Connection", broken: bool) -> None:
        self._connection, self._broken = connection, broken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(0)
        if self._broken:
            raise httpx.ReadError("broken")
        yield b"{}"

    async def aclose(self) -> None:
        self._connection.busy = False


class Connection(httpx.AsyncBaseTransport):
    """A connection that takes one request at a time, and keeps the order in which they came."""

    made: list["Connection"]
    served: list[str]

    def __init__(self) -> None:
        self.busy = self.closed = False
        self.made.append(self)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert not self.busy
        self.busy = True
        self.served.append(request.url.path)
        try:
            await asyncio.sleep(60 if request.url.path == "/hangs" else 0.001)
            if request.url.path == "/fails":
                raise httpx.ReadError("lost", request=request)
        except BaseException:
            self.busy = False
            raise
        return httpx.Response(200, stream=Body(self, request.url.path == "/breaks"))

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Forget the connections of the test before."""
    Connection.made, Connection.served = [], []


def client(connections: int, pool_timeout_s: float | None = None) -> httpx.AsyncClient:
    """Return a client of a fair transport."""
    transport = FairTransport(connections, Connection)
    return httpx.AsyncClient(
        transport=transport, base_url="http://api.test", timeout=httpx.Timeout(5, pool=pool_timeout_s)
    )


async def test_requests_are_served_in_their_order() -> None:
    """None is passed by, however many wait; and no more connections are made than allowed."""
    async with client(4) as http:
        paths = [f"/{n}" for n in range(100)]
        replies = await asyncio.gather(*(http.get(path) for path in paths))
    assert {reply.status_code for reply in replies} == {200}
    assert Connection.served == paths
    assert len(Connection.made) == 4
    assert all(connection.closed for connection in Connection.made)


async def test_a_connection_is_used_again() -> None:
    """One after another need only one."""
    async with client(4) as http:
        for n in range(5):
            assert (await http.get(f"/{n}")).json() == {}
    assert len(Connection.made) == 1


@pytest.mark.parametrize("path", ["/fails", "/breaks"])
async def test_a_failure_gives_its_connection_back(path: str) -> None:
    """Whether the answer or its body fails. It is closed, and another one made."""
    async with client(1, pool_timeout_s=1) as http:
        for _ in range(3):
            with pytest.raises(httpx.ReadError):
                await http.get(path)
        assert (await http.get("/fine")).status_code == 200
        assert [connection.closed for connection in Connection.made] == [True, True, True, False]


async def test_a_cancelled_request_gives_its_connection_back() -> None:
    """A call that took too long is cancelled, and nobody knows in which state that left the connection."""
    async with client(1, pool_timeout_s=1) as http:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await http.get("/hangs")
        assert (await http.get("/fine")).status_code == 200
        assert [connection.closed for connection in Connection.made] == [True, True, True, False]


async def test_a_connection_whose_answer_was_not_read_is_closed() -> None:
    """What is left of the answer would be taken for the next one."""
    async with client(1, pool_timeout_s=1) as http:
        async with http.stream("GET", "/unread") as response:
            assert response.status_code == 200
        assert (await http.get("/fine")).status_code == 200
        assert [connection.closed for connection in Connection.made] == [True, False]


async def test_waiting_for_a_connection_ends_too() -> None:
    """With the error that httpx has for it."""
    async with client(1, pool_timeout_s=0.02) as http:
        hanging = asyncio.ensure_future(http.get("/hangs"))
        await asyncio.sleep(0.005)
        with pytest.raises(httpx.PoolTimeout):
            await http.get("/fine")
        hanging.cancel()
        await asyncio.wait([hanging])
        assert (await http.get("/fine")).status_code == 200
