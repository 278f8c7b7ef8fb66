"""Which addresses are of the public internet."""

from ipaddress import ip_address

import pytest

from lib.outside.http import is_public


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "8.8.8.8",
        "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "168.63.129.17",
        "192.88.98.1",
    ],
)
def test_the_internet_is_public(address: str) -> None:
    """Anyone may be called there."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        # IPv4: this host, private (RFC 1918), shared (RFC 6598), loopback, link-local with its cloud credentials,
        # protocol assignments, documentation, benchmarks, multicast, reserved, broadcast.
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
        *("100.127.255.255", "127.0.0.1", "127.8.8.8", "169.254.169.254", "169.254.170.2", "192.0.0.1"),
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "224.0.0.1", "239.255.255.250"),
        *("240.0.0.1", "255.255.255.255"),
        # IPv6: unspecified, loopback, link-local, unique local (fd00:ec2::254 has cloud credentials), site-local,
        # documentation, multicast, discard.
        *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "2001:db8::1", "ff02::1", "ff0e::1", "100::1"),
        # IPv6 with a private IPv4 address inside: mapped, compatible, NAT64, 6to4, Teredo.
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
        "2001:0:7f00:1::",
        # Ranges that Python's ipaddress takes for public: Azure's metadata, relays of 6to4, ISATAP (both spellings),
        # documentation, segment routing.
        *("168.63.129.16", "::ffff:168.63.129.16", "192.88.99.1", "192.88.99.255"),
        *("2001:4860:4860::5efe:10.0.0.1", "2001:4860:4860::200:5efe:8.8.8.8", "2001:4860:4860::5efe:8.8.8.8"),
        *("3fff::1", "3fff:fff::1", "5f00::1"),
        "2001:0:53aa:64c:0:0:80ff:fffe",
    ],
)
def test_networks_behind_it_are_not(address: str) -> None:
    """What answers there is not meant for strangers."""
    assert not is_public(ip_address(address))
