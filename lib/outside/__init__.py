"""The outside world: URLs that strangers give, called without reaching anything they should not reach.

Knows no image and no notification. What is called is decided by an allow list of hosts (AllowedHosts) and by the
address that the host's name resolves to; the connection goes to the address that was checked.
"""

from lib.outside.addresses import NotPublic, Resolve, is_public
from lib.outside.client import outside_client
from lib.outside.hosts import AllowedHosts, Origin, image_hosts, origin_of
from lib.outside.look_ups import LookUps
from lib.outside.retry_after import retry_after_s

__all__ = [
    "AllowedHosts",
    "LookUps",
    "NotPublic",
    "Origin",
    "Resolve",
    "image_hosts",
    "is_public",
    "origin_of",
    "outside_client",
    "retry_after_s",
]
