"""Allow lists of hosts. Pure: nothing is resolved here."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import httpx

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (lower case, ASCII) and port of a URL."""

    scheme: str
    host: str
    port: int

    @property
    def has_default_port(self) -> bool:
        """Whether it is the port that the scheme has anyway."""
        return self.port == _DEFAULT_PORTS[self.scheme]


def origin_of(url: str | httpx.URL) -> Origin | None:
    """The origin of an http or https URL; None for anything else, also for one with a user name in it."""
    try:
        parsed = httpx.URL(url)
        host = parsed.raw_host.decode("ascii").lower().rstrip(".")
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None
    if parsed.scheme not in _DEFAULT_PORTS or not host or parsed.userinfo:
        return None
    return Origin(parsed.scheme, host, parsed.port or _DEFAULT_PORTS[parsed.scheme])


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Hosts on their default ports, and origins by host and port.

    An entry with a port names one service that the operator knows, on a private network perhaps: its address is
    trusted. The address of a host without a port is checked, because its name may resolve to any address one day.
    """

    hosts: frozenset[str]
    services: frozenset[tuple[str, int]]

    @classmethod
    def of(cls, entries: Iterable[str], trusted_urls: Iterable[str] = ()) -> Self:
        """From entries `host` and `host:port`, and the URLs of services that are trusted too. Broken entries allow
        nothing."""
        hosts, services = set(), set()
        for entry in entries:
            origin = origin_of(f"http://{entry}")
            if origin is None:
                continue
            if _names_a_port(entry):
                services.add((origin.host, origin.port))
            else:
                hosts.add(origin.host)
        for url in trusted_urls:
            if trusted := origin_of(url):
                services.add((trusted.host, trusted.port))
        return cls(frozenset(hosts), frozenset(services))

    def allows(self, origin: Origin) -> bool:
        """Whether this origin may be called at all."""
        return self.trusts(origin) or (origin.host in self.hosts and origin.has_default_port)

    def trusts(self, origin: Origin) -> bool:
        """Whether it may be called whatever address it has."""
        return (origin.host, origin.port) in self.services


def _names_a_port(entry: str) -> bool:
    """Also for port 80, which httpx.URL leaves out; and not for the colons of [::1]."""
    return entry.rpartition("]")[2].rpartition(":")[1] == ":"
