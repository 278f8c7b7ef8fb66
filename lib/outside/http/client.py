"""An HTTP client that connects to the address that was checked, and to no other.

The name is resolved once, here; the request then goes to the address, with the name in its Host header and in TLS
(SNI and the certificate's name), so a second look-up cannot answer something else (DNS rebinding).
"""

import ssl
from collections.abc import Callable
from functools import cache

import certifi
import httpx

from lib.outside.http.addresses import is_public
from lib.outside.http.hosts import Origin, origin_of
from lib.outside.http.resolver import Resolve

# Tried one after another when a host has several.
MAX_ADDRESSES = 3


class NotPublic(httpx.RequestError):
    """The host has an address that does not belong to the public internet. Nothing was sent."""


def trust_nobody(_: Origin) -> bool:
    """For clients whose every address is checked."""
    return False


@cache
def _tls() -> ssl.SSLContext:
    """One for all: making one takes 20 ms."""
    return ssl.create_default_context(cafile=certifi.where())


def checked_client(timeout_s: float, resolve: Resolve, trusts: Callable[[Origin], bool]) -> httpx.AsyncClient:
    """Make a client for URLs of strangers. It follows no redirect, keeps no connection and knows no proxy.

    timeout_s: for each step (connect, read, write); the whole is for the caller to bound.
    trusts: the origins whose address is not checked.
    """
    # A kept connection would be found by its address, and the certificate not be checked for the next name.
    limits = httpx.Limits(max_keepalive_connections=0)
    inner = httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False, limits=limits)
    return httpx.AsyncClient(
        transport=CheckedTransport(inner, resolve, trusts),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "suplatzigram"},
    )


class CheckedTransport(httpx.AsyncBaseTransport):
    """Resolves the name, checks the addresses, and lets `inner` connect to one of them."""

    def __init__(self, inner: httpx.AsyncBaseTransport, resolve: Resolve, trusts: Callable[[Origin], bool]) -> None:
        self._inner = inner
        self._resolve = resolve
        self._trusts = trusts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request.

        Raises:
            NotPublic: an address of the host is not public. Nothing was sent.
            NoTurnToLookUp: too many names are being looked up. Nothing was sent.
            httpx.TransportError: as any transport; ConnectError also when the name does not resolve.
        """
        origin = origin_of(request.url)
        if origin is None:
            raise httpx.UnsupportedProtocol("not an http or https URL", request=request)
        trusted = self._trusts(origin)
        try:
            addresses = await self._resolve(origin.host, origin.port, trusted=trusted)
        except OSError as error:
            raise httpx.ConnectError(f"{origin.host} does not resolve", request=request) from error
        # One private address among public ones is an attack, or a mistake that should be seen.
        if not trusted and not all(is_public(address) for address in addresses):
            raise NotPublic(f"{origin.host} has an address that is not public", request=request)
        failure: httpx.TransportError = httpx.ConnectError(f"{origin.host} has no address", request=request)
        for address in addresses[:MAX_ADDRESSES]:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=str(address)),
                headers=request.headers,  # its Host was set from the name
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": origin.host},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()
