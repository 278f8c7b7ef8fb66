"""Which IP addresses belong to the public internet."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

type Address = IPv4Address | IPv6Address

# Ranges that ipaddress takes for public, or does not know yet.
_NOT_PUBLIC_4 = (
    IPv4Network("168.63.129.16/32"),  # Azure's metadata and name server, the same in every virtual network
    IPv4Network("192.88.99.0/24"),  # relays of 6to4 (RFC 7526: no longer used)
)
_NOT_PUBLIC_6 = (
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
    IPv6Network("5f00::/16"),  # segment routing within a network (RFC 9602)
    # IPv4 addresses in IPv6 ones, beside those that ipaddress unpacks: NAT64 (RFC 6052, RFC 8215) and the deprecated
    # IPv4-compatible addresses (RFC 4291, section 2.5.5.1).
    IPv6Network("64:ff9b::/96"),
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("::/96"),
)
# ISATAP (RFC 5214): the last 64 bits are this and an IPv4 address of the network behind it. The bit that says whether
# the address is unique in the world (0x0200_0000) does not matter.
_ISATAP = 0x0000_5EFE
_UNIQUE = 0x0200_0000


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet, and not to a network or a machine behind it.

    Not public: private, loopback, link-local (169.254.169.254 has cloud credentials), shared (RFC 6598), reserved and
    multicast addresses, those of a cloud's own services, and IPv6 addresses that carry such an IPv4 address.
    """
    if isinstance(address, IPv4Address):
        allowed = not any(address in network for network in _NOT_PUBLIC_4)
    elif address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    else:
        carried = address.sixtofour or (address.teredo[1] if address.teredo else None)
        allowed = not (
            (carried is not None and not is_public(carried))
            or address.is_site_local
            or (int(address) >> 32 & 0xFFFF_FFFF & ~_UNIQUE) == _ISATAP
            or any(address in network for network in _NOT_PUBLIC_6)
        )
    return allowed and address.is_global and not address.is_multicast and not address.is_reserved
