"""What a host's name resolves to, without one stranger's name server holding up anybody else.

The system's look-up cannot be stopped, and a stranger's name server may leave it without an answer for half a minute.
So strangers' names are looked up here: each look-up ends after 2 seconds, is cancelled with whoever waits for it, and
never blocks a thread. Names of trusted services are the operator's: the system looks them up, /etc/hosts included.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol

import httpx

from lib.outside.http.addresses import Address

if TYPE_CHECKING:  # imported at the first look-up: it takes a while, and few functions need it
    import dns.asyncresolver

LOOK_UP_TIMEOUT_S = 2.0
# How many names are looked up at the same time, and how long one more waits for its turn.
LOOK_UPS_AT_A_TIME = 64
TURN_TIMEOUT_S = 1.0


class NoTurnToLookUp(httpx.RequestError):
    """Too many other names were being looked up. Nothing was sent."""


class Resolve(Protocol):
    """Looks up a host's addresses, best first. trusted: the name is the operator's own, not a stranger's.

    Raises:
        OSError: there is no address.
        NoTurnToLookUp: see there.
    """

    async def __call__(self, host: str, port: int, /, *, trusted: bool) -> list[Address]: ...


class Resolver:
    """Looks names up. One for an instance: calls for one name share one look-up."""

    def __init__(self, ask: Callable[[str], Awaitable[list[Address]]] | None = None) -> None:
        self._ask = ask or _NameServers().addresses
        self._turns = asyncio.Semaphore(LOOK_UPS_AT_A_TIME)
        self._running: dict[str, _LookUp] = {}

    async def resolve(self, host: str, port: int, *, trusted: bool) -> list[Address]:
        """See Resolve."""
        if trusted:
            return await _as_the_system_says(host, port)
        if literal := _literal(host):
            return [literal]
        if host == "localhost" or host.endswith(".localhost"):  # RFC 6761, section 6.3
            return [ip_address("127.0.0.1")]
        return await self._shared(host)

    async def _shared(self, host: str) -> list[Address]:
        """Wait for the one look-up of this name. The last who stops waiting cancels it."""
        look_up = self._running.get(host)
        if look_up is None:
            look_up = self._running[host] = _LookUp(asyncio.ensure_future(self._in_turn(host)))
        look_up.waiting += 1
        try:
            return await asyncio.shield(look_up.task)
        finally:
            look_up.waiting -= 1
            if not look_up.waiting:
                look_up.task.cancel()
            if (look_up.task.done() or not look_up.waiting) and self._running.get(host) is look_up:
                del self._running[host]

    async def _in_turn(self, host: str) -> list[Address]:
        try:
            async with asyncio.timeout(TURN_TIMEOUT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise NoTurnToLookUp(f"{host}: too many other names are being looked up") from None
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
                return await self._ask(host)
        except TimeoutError as error:
            raise OSError(f"{host}: no answer in time") from error
        finally:
            self._turns.release()


class _LookUp:
    """A look-up under way, and how many wait for it."""

    def __init__(self, task: asyncio.Task[list[Address]]) -> None:
        self.task = task
        self.waiting = 0


class _NameServers:
    """The name servers of /etc/resolv.conf, read at the first look-up."""

    def __init__(self) -> None:
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def addresses(self, host: str) -> list[Address]:
        """Ask for both kinds of addresses. IPv4 comes first: the platform has no IPv6 to the outside."""
        import dns.asyncresolver  # noqa: PLC0415 - see above
        import dns.exception  # noqa: PLC0415
        import dns.resolver  # noqa: PLC0415

        async def ask(kind: str) -> list[Address]:
            try:
                answer = await resolver.resolve(f"{host}.", kind, lifetime=LOOK_UP_TIMEOUT_S)
            except dns.resolver.NoAnswer:
                return []
            return [ip_address(record.to_text()) for record in answer]

        try:
            resolver = self._resolver = self._resolver or dns.asyncresolver.Resolver()
            found = await asyncio.gather(ask("A"), ask("AAAA"), return_exceptions=True)
        except dns.exception.DNSException as error:
            raise OSError(f"no name server: {error}") from error
        return _either(host, found, dns.exception.DNSException)


def _either(host: str, found: Sequence[list[Address] | BaseException], expected: type[Exception]) -> list[Address]:
    """The addresses of the kinds that were answered; an error only if there is not one address."""
    addresses = [address for kind in found if isinstance(kind, list) for address in kind]
    for problem in found:
        if isinstance(problem, BaseException):
            if not isinstance(problem, expected | OSError):
                raise problem
            if not addresses:
                raise OSError(f"{host}: {type(problem).__name__}") from problem
    return addresses


async def _as_the_system_says(host: str, port: int) -> list[Address]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    # An IPv6 address may have a zone (fe80::1%eth0), which ipaddress does not read here.
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def _literal(host: str) -> Address | None:
    """The address that the host itself is, if it is one. Not 0x7f.1 or 2130706433: no name server knows those."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None
