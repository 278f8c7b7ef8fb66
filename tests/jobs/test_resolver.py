"""A stranger's name server may say nothing for ever: that costs its owner two seconds, and nobody else anything."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import httpx
import pytest

from lib.outside.http import Address, NotPublic, NoTurnToLookUp, Resolver, checked_client, resolver, trust_nobody

PUBLIC = "93.184.215.14"


class Names:
    """Name servers that answer when they are told to; `asked` and `stopped` say what was begun and given up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stopped: list[str] = []
        self.answered = asyncio.Event()

    async def ask(self, host: str) -> list[Address]:
        """Wait until `answered`."""
        self.asked.append(host)
        try:
            await self.answered.wait()
        except asyncio.CancelledError:
            self.stopped.append(host)
            raise
        return [ip_address(PUBLIC)]


async def begin(names: Names, count: int) -> None:
    """Until so many names are being looked up."""
    async with asyncio.timeout(5):
        while len(names.asked) < count:  # noqa: ASYNC110 - a few turns of the event loop
            await asyncio.sleep(0)


async def test_a_name_is_looked_up_once_for_all_who_ask_at_the_same_time() -> None:
    """Twenty pushes to one service are one look-up."""
    names = Names()
    look = Resolver(names.ask)
    calls = [asyncio.create_task(look.resolve("push.example.com", 443, trusted=False)) for _ in range(20)]
    await begin(names, 1)
    names.answered.set()
    assert await asyncio.gather(*calls) == [[ip_address(PUBLIC)]] * 20
    assert names.asked == ["push.example.com"]
    await look.resolve("push.example.com", 443, trusted=False)
    assert names.asked == ["push.example.com"] * 2  # not kept: an address that was good may be another one now


async def test_a_look_up_is_stopped_when_nobody_waits_for_it_any_more() -> None:
    """And not before: the others still want to know."""
    names = Names()
    look = Resolver(names.ask)
    first, second = (asyncio.create_task(look.resolve("a.example", 443, trusted=False)) for _ in range(2))
    await begin(names, 1)
    first.cancel()
    await asyncio.wait({first})
    assert names.stopped == []
    second.cancel()
    await asyncio.wait({second})
    await asyncio.sleep(0)
    assert names.stopped == ["a.example"]
    names.answered.set()
    assert await look.resolve("a.example", 443, trusted=False) == [ip_address(PUBLIC)]


async def test_a_look_up_has_two_seconds_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever time its caller has."""
    monkeypatch.setattr(resolver, "LOOK_UP_TIMEOUT_S", 0.05)
    names = Names()
    async with checked_client(60, Resolver(names.ask).resolve, trust_nobody) as client:
        async with asyncio.timeout(5):
            with pytest.raises(httpx.ConnectError, match=r"a\.example does not resolve"):
                await client.get("https://a.example/")
    assert names.stopped == ["a.example"]


async def test_whoever_gets_no_turn_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the name's failure, so it is nobody's attempt."""
    monkeypatch.setattr(resolver, "TURN_TIMEOUT_S", 0.05)
    names = Names()
    look = Resolver(names.ask)
    slow = [
        asyncio.create_task(look.resolve(f"{number}.example", 443, trusted=False))
        for number in range(resolver.LOOK_UPS_AT_A_TIME)
    ]
    await begin(names, resolver.LOOK_UPS_AT_A_TIME)
    with pytest.raises(NoTurnToLookUp):
        await look.resolve("good.example", 443, trusted=False)
    assert "good.example" not in names.asked
    names.answered.set()
    await asyncio.gather(*slow)
    assert await look.resolve("good.example", 443, trusted=False) == [ip_address(PUBLIC)]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("fe80::1%25eth0", "fe80::1"),
        ("localhost", "127.0.0.1"),
        ("a.localhost", "127.0.0.1"),
    ],
)
async def test_what_needs_no_name_server_asks_none(host: str, address: str) -> None:
    """Addresses, and the names of this machine (RFC 6761), neither of which is public."""
    names = Names()
    assert await Resolver(names.ask).resolve(host, 80, trusted=False) == [ip_address(address)]
    assert names.asked == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1"])
async def test_numbers_that_only_a_c_library_reads_are_names(host: str) -> None:
    """What is checked is what is called, and nobody's name server knows them."""
    names = Names()
    names.answered.set()
    await Resolver(names.ask).resolve(host, 80, trusted=False)
    assert names.asked == [host]


async def test_the_operators_own_names_are_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """/etc/hosts has names of a private network, which no name server knows."""
    getaddrinfo = socket.getaddrinfo

    def system(host: Any, *arguments: Any, **others: Any) -> Any:
        return getaddrinfo("127.0.0.1" if host == "storage.internal" else host, *arguments, **others)

    monkeypatch.setattr(socket, "getaddrinfo", system)
    names = Names()
    assert await Resolver(names.ask).resolve("storage.internal", 80, trusted=True) == [ip_address("127.0.0.1")]
    assert names.asked == []


# -- against a name server


class NameServer(asyncio.DatagramProtocol):
    """Answers by name: addresses, no such name, or nothing at all."""

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer one question."""
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        if name == "silent.example.":
            return
        reply = dns.message.make_response(query)
        records = {
            ("both.example.", "A"): PUBLIC,
            ("both.example.", "AAAA"): "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
            ("old.example.", "A"): PUBLIC,
            ("new.example.", "AAAA"): "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
            ("inside.example.", "A"): "169.254.169.254",
        }
        if found := records.get((name, kind)):
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, found))
        elif name not in {known for known, _ in records}:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def name_server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Resolver]:
    """A resolver that asks a name server of this machine."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(NameServer, ("127.0.0.1", 0))
    made = dns.asyncresolver.Resolver(configure=False)
    made.nameservers, made.port = ["127.0.0.1"], transport.get_extra_info("sockname")[1]
    monkeypatch.setattr(dns.asyncresolver, "Resolver", lambda: made)
    try:
        yield Resolver()
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("both.example", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]),
        ("old.example", [PUBLIC]),
        ("new.example", ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"]),
        ("inside.example", ["169.254.169.254"]),
    ],
)
async def test_both_kinds_of_addresses_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, host: str, addresses: list[str]
) -> None:
    """The platform has no IPv6 to the outside, so IPv4 is first. What may be called is another question."""
    async with name_server(monkeypatch) as look:
        assert await look.resolve(host, 443, trusted=False) == [ip_address(each) for each in addresses]


@pytest.mark.parametrize("host", ["nobody.example", "silent.example", "x" * 64 + ".example", "a..example"])
async def test_a_name_without_an_address_is_an_error(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Whether it does not exist, nobody answers, or it is no name."""
    monkeypatch.setattr(resolver, "LOOK_UP_TIMEOUT_S", 0.3)
    async with name_server(monkeypatch) as look:
        with pytest.raises(OSError, match="example"):
            await look.resolve(host, 443, trusted=False)


async def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are free: their owners point them anywhere."""
    async with (
        name_server(monkeypatch) as look,
        checked_client(5, look.resolve, trust_nobody) as client,
    ):
        with pytest.raises(NotPublic):
            await client.get("http://inside.example/latest/meta-data/")
