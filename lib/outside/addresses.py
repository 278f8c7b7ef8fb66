"""Which IP addresses may be called."""

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import httpx

type Address = IPv4Address | IPv6Address
type Resolve = Callable[[str, int], Awaitable[list[Address]]]

# IPv6 addresses in which an IPv4 one is hidden, beside those that ipaddress knows itself: NAT64 (RFC 6052, RFC 8215)
# and the deprecated IPv4-compatible ones (RFC 4291, section 2.5.5.1).
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))


class NotPublic(httpx.RequestError):
    """The host's name resolves to an address that is not one of the public internet."""


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, and not of a network or a machine behind it.

    Not: private, loopback, link-local (169.254.169.254 has cloud credentials), shared (RFC 6598), reserved,
    multicast, and IPv6 addresses that carry such an IPv4 one.
    """
    if isinstance(address, IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if hidden is not None and not is_public(hidden):
            return False
        if address.ipv4_mapped:
            return True
        if any(address in network for network in _TRANSLATED) or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
