"""One encrypted message to one browser.

RFC 8030 (the request), RFC 8291 (encryption), RFC 8292 (VAPID: who sends). The endpoint comes from a browser, so it is
as strange as any URL: see lib.outside.http.
"""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import http_ece
import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import VapidException

from lib.outside.http import AllowedHosts, NotPublic, NoTurnToLookUp, Resolve, checked_client, origin_of, temporary
from lib.outside.push.services import is_known_service
from lib.outside.push.vapid import Signer
from lib.outside.push.verdicts import (
    Gone,
    PushMisconfigured,
    PushNotConfigured,
    PushVerdict,
    Refused,
    Subscription,
    Taken,
)
from lib.outside.verdicts import NoTurn, NotYet
from lib.settings import Settings

# For how long a push service keeps a message for a browser that is off.
TTL_S = 86_400


@dataclass(frozen=True, slots=True)
class PushSender:
    """Sends. hosts: the endpoints that may be anywhere."""

    signer: Signer
    hosts: AllowedHosts
    resolve: Resolve

    def knows(self, endpoint: str) -> bool:
        """Whether the endpoint is a push service's that browsers are made for, and not a server of anybody's."""
        origin = origin_of(endpoint)
        return origin is not None and is_known_service(origin, self.hosts)

    async def push(self, subscription: Subscription, message: bytes, topic: str, within_s: float) -> PushVerdict:
        """Send the message. topic: up to 32 characters of base64url; of two messages with the same one, a browser that
        was off gets the later only, so a push that is repeated is shown once."""
        origin = origin_of(subscription.endpoint)
        if origin is None or not (origin.scheme == "https" or self.hosts.trusts(origin)):
            return Refused(0)
        try:
            body = _encrypted(message, subscription)
            audience = f"{origin.scheme}://{_netloc(subscription.endpoint)}"
            headers = _headers(topic) | self.signer.authorization(audience)
        except (ValueError, TypeError, VapidException, http_ece.ECEException):
            return Refused(0)
        try:
            async with (
                asyncio.timeout(within_s),
                checked_client(within_s, self.resolve, self.hosts.trusts) as client,
                # The body of the answer says nothing: it is not read.
                client.stream("POST", subscription.endpoint, content=body, headers=headers) as response,
            ):
                return verdict(response.status_code, response.headers, datetime.now(UTC))
        except NotPublic:
            return Refused(0)
        except NoTurnToLookUp as error:
            return NoTurn(str(error))
        except (httpx.RequestError, TimeoutError) as error:
            return NotYet(f"{origin.host}: {type(error).__name__}")


def push_sender(settings: Settings, resolve: Resolve) -> PushSender | PushNotConfigured | PushMisconfigured:
    """The sender that the settings describe, or why there is none."""
    if settings.vapid_private_key is None or settings.vapid_subject is None:
        return PushNotConfigured()
    try:
        signer = Signer.of(settings.vapid_private_key.get_secret_value(), settings.vapid_subject)
    except ValueError as error:
        return PushMisconfigured(str(error))
    return PushSender(signer, AllowedHosts.of(settings.push_hosts), resolve)


def verdict(status: int, headers: Mapping[str, str], now: datetime) -> PushVerdict:
    """What a push service's answer means (RFC 8030, sections 5 and 7.3)."""
    if status in (404, 410):
        return Gone()
    if 200 <= status < 300:
        return Taken(status)
    return temporary("the push service", status, headers, now) or Refused(status)


def _encrypted(message: bytes, subscription: Subscription) -> bytes:
    content: bytes = http_ece.encrypt(
        message,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_decoded(subscription.p256dh),
        auth_secret=_decoded(subscription.auth),
        version="aes128gcm",
    )
    return content


def _headers(topic: str) -> dict[str, str]:
    return {
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(TTL_S),
        "topic": topic,
        "urgency": "normal",
    }


def _netloc(url: str) -> str:
    return httpx.URL(url).netloc.decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
