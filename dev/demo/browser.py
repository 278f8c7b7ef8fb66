"""A browser that receives Web Push, without the browser.

It decrypts by RFC 8291 and RFC 8188, written from their text with plain cryptography, so that it is independent of
the library that encrypts. Who sent, RFC 8292, is checked with PyJWT.
"""

import base64
import json
import struct
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class VapidKey:
    """The key of whoever sends: the private part for the functions, the public one for browsers."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def private(self) -> str:
        """VAPID_PRIVATE_KEY."""
        return base64url(self._key.private_numbers().private_value.to_bytes(32))

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """What a browser is given when it subscribes: its applicationServerKey."""
        return self._key.public_key()


class Browser:
    """One that subscribed at an endpoint, to what the owner of a key sends."""

    def __init__(self, endpoint: str, sender: ec.EllipticCurvePublicKey, secret: bytes = bytes(range(16))) -> None:
        self.endpoint = endpoint
        self._sender = sender
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._secret = secret

    @property
    def keys(self) -> dict[str, str]:
        """PushSubscription.toJSON().keys."""
        return {"p256dh": base64url(_point(self._key.public_key())), "auth": base64url(self._secret)}

    def read(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Check who sent it, decrypt it, and return what it says. `headers` in lower case.

        Raises ValueError or one of the libraries' own when anything about it is wrong.
        """
        self.sender_of(headers["authorization"])
        if headers["content-encoding"] != "aes128gcm" or int(headers["ttl"]) < 1:
            raise ValueError("not a push message")
        content: dict[str, Any] = json.loads(self._decrypted(body))
        return content

    def sender_of(self, authorization: str) -> str:
        """Check the signature, and return whom to write to about it."""
        scheme, _, parameters = authorization.partition(" ")
        given = dict(part.strip().split("=", 1) for part in parameters.split(","))
        if scheme != "vapid" or from_base64url(given["k"]) != _point(self._sender):
            raise ValueError("not the sender that this browser subscribed to")
        parts = urlsplit(self.endpoint)
        claims = jwt.decode(
            given["t"],
            self._sender,
            algorithms=["ES256"],
            audience=f"{parts.scheme}://{parts.netloc}",
            options={"require": ["exp", "sub", "aud"]},
        )
        return str(claims["sub"])

    def _decrypted(self, body: bytes) -> bytes:
        salt, record_size, id_length = struct.unpack("!16sLB", body[:21])
        sender, sealed = body[21 : 21 + id_length], body[21 + id_length :]
        if len(body) > 4096 or len(sealed) > record_size:  # what a service must take; one record (section 4)
            raise ValueError("too long for a push message")
        shared = self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        both = b"WebPush: info\0" + _point(self._key.public_key()) + sender
        secret = _hkdf(self._secret, shared, both, 32)
        key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        if not padded.endswith(b"\2"):  # the delimiter of the last record (RFC 8188, section 2)
            raise ValueError("not the last record")
        return padded[:-1]


def base64url(data: bytes) -> str:
    """Without padding, as browsers write it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """The bytes of that."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
