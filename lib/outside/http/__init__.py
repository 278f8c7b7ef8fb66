"""HTTP to strangers: which hosts and which addresses may be called, and a client that calls no other."""

from lib.outside.http.addresses import Address, is_public
from lib.outside.http.client import NotPublic, checked_client, trust_nobody
from lib.outside.http.hosts import AllowedHosts, Origin, origin_of
from lib.outside.http.resolver import NoTurnToLookUp, Resolve, Resolver
from lib.outside.http.temporary import temporary

__all__ = [
    "Address",
    "AllowedHosts",
    "NoTurnToLookUp",
    "NotPublic",
    "Origin",
    "Resolve",
    "Resolver",
    "checked_client",
    "is_public",
    "origin_of",
    "temporary",
    "trust_nobody",
]
