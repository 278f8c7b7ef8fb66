"""Fetching an image from a URL that a user gave."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urljoin

import httpx

from lib.outside.http import NotPublic, NoTurnToLookUp, Origin, Resolve, checked_client, temporary, trust_nobody
from lib.outside.images.places import ImagePlaces
from lib.outside.verdicts import Absent, Never, NoTurn, NotYet, Verdict

MAX_BYTES = 10_000_000
MAX_REDIRECTS = 3
# For one step. The caller limits the whole.
STEP_TIMEOUT_S = 3.0
_REDIRECTS = {301, 302, 303, 307, 308}
# What hosts answer when they have no such file. Supabase Storage says 400.
_ABSENT = {400, 403, 404, 410}


async def fetch_image(image: str, places: ImagePlaces, within_s: float, resolve: Resolve) -> bytearray | Verdict:
    """Return what is at the URL or path: at most 10 MB, after at most 3 redirects, within that time.

    Every hop is checked: its host must be allowed, and its address public. Only the first host may be trusted whatever
    its address is (see AllowedHosts). A trusted host must not choose other addresses by a redirect.
    """
    fetched = await _fetch(image, places, within_s, resolve)
    return replace(fetched, ours=places.is_own_file(image)) if isinstance(fetched, NotYet) else fetched


async def _fetch(image: str, places: ImagePlaces, within_s: float, resolve: Resolve) -> bytearray | Verdict:
    try:
        async with asyncio.timeout(within_s):
            return await _follow(image, places, resolve)
    except TimeoutError:
        return NotYet("the image's host took too long")
    except NoTurnToLookUp as error:
        return NoTurn(str(error))
    except NotPublic as error:
        return Never(str(error))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        return Never(f"the image's URL cannot be called: {error}")
    except httpx.RequestError as error:
        return NotYet(f"the image's host did not answer properly: {type(error).__name__}")


async def _follow(image: str, places: ImagePlaces, resolve: Resolve) -> bytearray | Verdict:
    url: str | Verdict = places.url_of(image)
    trusts: Callable[[Origin], bool] = places.hosts.trusts
    for _ in range(MAX_REDIRECTS + 1):
        if not isinstance(url, str):
            return url
        async with (
            checked_client(STEP_TIMEOUT_S, resolve, trusts) as client,
            # Unencoded, so that what is counted is what is kept.
            client.stream("GET", url, headers={"accept": "image/*", "accept-encoding": "identity"}) as response,
        ):
            if response.status_code not in _REDIRECTS:
                return _refusal(response) or await _read(response)
            url = _redirected(url, response.headers.get("location", ""), places)
            trusts = trust_nobody
    return Never(f"the image's URL redirects more than {MAX_REDIRECTS} times")


def _redirected(url: str, location: str, places: ImagePlaces) -> str | Never:
    try:
        target = urljoin(url, location)
    except ValueError:
        return Never("the image's host redirects to something that is not a URL")
    return places.check(target) or target


def _refusal(response: httpx.Response) -> Verdict | None:
    """What an answer other than 200, or one that is packed or too long from the start, means."""
    status = response.status_code
    if status != 200:
        reason = f"the image's host answered {status}"
        if status in _ABSENT:
            return Absent(reason, status)
        return temporary("the image's host", status, response.headers, datetime.now(UTC)) or Never(reason)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        # Unpacked, it could be a thousand times as long; a server that is asked for identity need not pack.
        return Never(f"the image's host sends it packed as {encoding[:20]}, though it was asked not to")
    length = response.headers.get("content-length", "")
    return _TOO_LONG if length.isdigit() and int(length[:18]) > MAX_BYTES else None


async def _read(response: httpx.Response) -> bytearray | Never:
    """The body. Its Content-Length is not believed, only used to refuse early."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            return _TOO_LONG
    return body  # not copied into bytes: it may have 10 MB


_TOO_LONG = Never(f"the image has more than {MAX_BYTES // 1_000_000} MB")
