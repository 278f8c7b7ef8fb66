"""Fetching an image from a URL that a user gave."""

import asyncio
from datetime import UTC, datetime
from urllib.parse import urljoin

import httpx

from lib.errors import JobFailure, PermanentFailure, RetryLater
from lib.outside import (
    AllowedHosts,
    LookUps,
    NotPublic,
    Origin,
    Resolve,
    origin_of,
    outside_client,
    retry_after_s,
)

MAX_BYTES = 10_000_000
MAX_REDIRECTS = 3
# For one step; the whole has what the caller gives.
STEP_TIMEOUT_S = 3.0
_REDIRECTS = {301, 302, 303, 307, 308}
# Statuses that say "not now" (RFC 9110, RFC 6585), beside those of the server's own trouble.
_LATER = {408, 425, 429}
_look_ups = LookUps("images-look-up")


class Refused(PermanentFailure):
    """The URL, or one it redirects to, may not be called."""


class TooManyBytes(PermanentFailure):
    """The answer is longer than what is read."""


class Unobtainable(PermanentFailure):
    """The host answered that the image is not to be had."""


async def fetch_image(url: str, hosts: AllowedHosts, within_s: float, resolve: Resolve = _look_ups.resolve) -> bytes:
    """Return what is at the URL: at most 10 MB, after at most 3 redirects, within that time.

    Every hop is checked: its host must be allowed, and its address public. Only the first may be trusted whatever
    its address (see AllowedHosts): where it redirects to is not for a host to decide.

    Raises:
        Refused, TooManyBytes, Unobtainable: no attempt can succeed.
        RetryLater, JobFailure: not now: no answer in time, a broken connection, 429, 5xx.
    """
    try:
        async with asyncio.timeout(within_s):
            return await _follow(url, hosts, resolve)
    except TimeoutError:
        raise JobFailure("the image's host took too long") from None
    except NotPublic as error:
        raise Refused(str(error)) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Refused(f"the image's URL cannot be called: {error}") from None
    except httpx.RequestError as error:
        raise JobFailure(f"the image's host did not answer properly: {type(error).__name__}") from error


async def _follow(url: str, hosts: AllowedHosts, resolve: Resolve) -> bytes:
    for hop in range(MAX_REDIRECTS + 1):
        _check(url, hosts)
        trusts = hosts.trusts if hop == 0 else _trust_none
        async with (
            outside_client(STEP_TIMEOUT_S, trusts, resolve) as client,
            # Unencoded, so that what is counted is what is kept.
            client.stream("GET", url, headers={"accept": "image/*", "accept-encoding": "identity"}) as response,
        ):
            if response.status_code not in _REDIRECTS:
                return await _read(response)
            url = _redirected(url, response.headers.get("location", ""))
    raise Refused(f"the image's URL redirects more than {MAX_REDIRECTS} times")


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise Refused("the image's host redirects to what is no URL") from None


def _check(url: str, hosts: AllowedHosts) -> None:
    origin = origin_of(url)
    if origin is None:
        raise Refused("the image's URL is not an http or https one")
    if not hosts.allows(origin):
        raise Refused(f"images are not fetched from {origin.host}:{origin.port}")


def _trust_none(_: Origin) -> bool:
    return False


async def _read(response: httpx.Response) -> bytes:
    """The body. Its Content-Length is not believed, only used to refuse early."""
    _raise_for_status(response)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        # Unpacked, it could be a thousand times as long; a server that is asked for identity need not pack.
        raise Unobtainable(f"the image's host sends it packed as {encoding[:20]}, though it was asked not to")
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length[:18]) > MAX_BYTES:
        raise TooManyBytes(f"the image has more than {MAX_BYTES // 1_000_000} MB")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise TooManyBytes(f"the image has more than {MAX_BYTES // 1_000_000} MB")
    return bytes(body)


def _raise_for_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    message = f"the image's host answered {status}"
    if status in _LATER or status >= 500:
        seconds = retry_after_s(response.headers.get("retry-after"), datetime.now(UTC))
        raise RetryLater(message, seconds) if seconds is not None else JobFailure(message)
    raise Unobtainable(message)
