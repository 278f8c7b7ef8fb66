"""VAPID (RFC 8292): how push services know who sends."""

import time
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid, VapidException

LIFETIME_S = 12 * 3600  # at most 24 hours (RFC 8292, section 2)


@dataclass(frozen=True, slots=True)
class Signer:
    """The operator's key, and where push services find the operator."""

    vapid: Vapid
    subject: str

    @classmethod
    def of(cls, private_key: str, subject: str) -> Self:
        """From VAPID_PRIVATE_KEY and VAPID_SUBJECT.

        Raises:
            ValueError: one of them is not what it must be. The message shows no value.
        """
        signer = cls(_read(private_key), subject)
        try:
            # Tried once: with a wrong setting py_vapid signs not one push, and each push would end as refused.
            signer.authorization("https://push.example.com")
        except (ValueError, TypeError, VapidException):
            raise ValueError("VAPID_SUBJECT must be mailto: and an address, or an https: URL") from None
        return signer

    def authorization(self, audience: str) -> dict[str, str]:
        """The headers that say who sends. audience: the push service's origin.

        Raises:
            ValueError, TypeError, VapidException: py_vapid does not sign for this audience.
        """
        claims = {"aud": audience, "sub": self.subject, "exp": int(time.time()) + LIFETIME_S}
        return dict(self.vapid.sign(claims))


def _read(private_key: str) -> Vapid:
    try:
        vapid = Vapid.from_string(private_key)
    except (ValueError, TypeError, AttributeError, VapidException, UnsupportedAlgorithm):
        raise ValueError("VAPID_PRIVATE_KEY is not a private key in base64url") from None
    # ES256, which is ECDSA on this curve and nothing else (RFC 8292, section 2).
    if not isinstance(vapid.private_key, ec.EllipticCurvePrivateKey) or vapid.private_key.curve.name != "secp256r1":
        raise ValueError("VAPID_PRIVATE_KEY is not a key on the curve P-256")
    return vapid
