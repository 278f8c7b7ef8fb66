"""Web Push: one encrypted message to one browser, by way of the push service that the browser chose.

RFC 8030 (the request), RFC 8291 (encryption), RFC 8292 (VAPID: who sends). Knows no queue and no tables. The endpoint
comes from a browser, so it is as strange as any URL: see lib.outside.
"""

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import http_ece
import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid, VapidException

from lib.outside import AllowedHosts, LookUps, NotPublic, origin_of, outside_client, retry_after_s
from lib.settings import Settings

# What a push service must take (RFC 8291, section 4: 4096 bytes of which 103 are not the message's).
MAX_MESSAGE_BYTES = 3993
# For how long a push service keeps a message for a browser that is off.
TTL_S = 86_400
VAPID_LIFETIME_S = 12 * 3600  # at most 24 hours (RFC 8292, section 2)
_LATER = {408, 425, 429}
_look_ups = LookUps("push-look-up")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser: PushSubscription.toJSON()."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Not to be tried again. status: what the service answered, 0 when it was not asked."""

    status: int

    @property
    def delivered(self) -> bool:
        """Whether the push service took it."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Gone:
    """The push service no longer knows the subscription."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now; in `seconds`, if the service said when."""

    reason: str
    seconds: float | None = None


type Verdict = Ended | Gone | Later


@dataclass(frozen=True, slots=True)
class PushSender:
    """Who sends (VAPID), and which endpoints may be anywhere."""

    vapid: Vapid
    subject: str
    hosts: AllowedHosts

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """None when Web Push is not configured.

        Raises:
            ValueError: VAPID_PRIVATE_KEY or VAPID_SUBJECT is not what it must be.
        """
        if settings.vapid_private_key is None or settings.vapid_subject is None:
            return None
        sender = cls(
            _vapid(settings.vapid_private_key.get_secret_value()),
            settings.vapid_subject,
            AllowedHosts.of(settings.push_hosts),
        )
        try:
            # What py_vapid does not sign for it signs for no push, and each would end as one that was refused.
            sender._authorization("https://push.example.com")
        except (ValueError, TypeError, VapidException):
            raise ValueError("VAPID_SUBJECT must be mailto: and an address, or an https: URL") from None
        return sender

    async def push(self, subscription: Subscription, message: bytes, topic: str, within_s: float) -> Verdict:
        """Send the message. topic: up to 32 characters of base64url; of two messages with the same one, a browser that
        was off gets the later only, so a push that is repeated is shown once."""
        origin = origin_of(subscription.endpoint)
        if origin is None or not (origin.scheme == "https" or self.hosts.trusts(origin)):
            return Ended(0)
        try:
            body = _encrypted(message, subscription)
            headers = _headers(topic) | self._authorization(f"{origin.scheme}://{_netloc(subscription.endpoint)}")
        except (ValueError, TypeError, VapidException, http_ece.ECEException):
            return Ended(0)
        try:
            async with (
                asyncio.timeout(within_s),
                outside_client(within_s, self.hosts.trusts, _look_ups.resolve) as client,
                # The body of the answer says nothing: it is not read.
                client.stream("POST", subscription.endpoint, content=body, headers=headers) as response,
            ):
                return verdict(response.status_code, response.headers, datetime.now(UTC))
        except NotPublic:
            return Ended(0)
        except (httpx.RequestError, TimeoutError) as error:
            return Later(f"{origin.host}: {type(error).__name__}")

    def _authorization(self, audience: str) -> dict[str, str]:
        claims = {"aud": audience, "sub": self.subject, "exp": int(time.time()) + VAPID_LIFETIME_S}
        return dict(self.vapid.sign(claims))


def verdict(status: int, headers: Mapping[str, str], now: datetime) -> Verdict:
    """What a push service's answer means (RFC 8030, sections 5 and 7.3)."""
    if status in (404, 410):
        return Gone()
    if status in _LATER or status >= 500:
        return Later(f"the push service answered {status}", retry_after_s(headers.get("retry-after"), now))
    return Ended(status)


def as_message(content: Mapping[str, str | None], shortened: str) -> bytes:
    """JSON for the service worker; the text under the key `shortened` is cut until it all fits into a push."""
    text = content[shortened] or ""
    message = _json(content)
    while len(message) > MAX_MESSAGE_BYTES and text:
        text = text[: len(text) * 19 // 20]
        message = _json({**content, shortened: text + "…"})
    return message


def _vapid(private_key: str) -> Vapid:
    try:
        vapid = Vapid.from_string(private_key)
    except (ValueError, TypeError, AttributeError, VapidException, UnsupportedAlgorithm):
        raise ValueError("VAPID_PRIVATE_KEY is not a private key in base64url") from None
    # ES256, which is ECDSA on this curve and nothing else (RFC 8292, section 2).
    if not isinstance(vapid.private_key, ec.EllipticCurvePrivateKey) or vapid.private_key.curve.name != "secp256r1":
        raise ValueError("VAPID_PRIVATE_KEY is not a key on the curve P-256")
    return vapid


def _json(content: Mapping[str, str | None]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


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
