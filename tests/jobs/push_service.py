"""A push service on 127.0.0.1, and the browsers that it serves.

A browser here decrypts by RFC 8291 and RFC 8188, written from their text with plain cryptography, so that it is
independent of the library that encrypts. Who sent, RFC 8292, is checked with PyJWT.
"""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VAPID_SUBJECT = "mailto:operator@example.com"


def base64url(data: bytes) -> str:
    """Without padding, as browsers write it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """The bytes of that."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


VAPID_KEY = ec.derive_private_key(0x5EC12E7, ec.SECP256R1())
VAPID_PRIVATE_KEY = base64url((0x5EC12E7).to_bytes(32))


@dataclass
class Push:
    """What arrived: the headers, in lower case, and the body."""

    headers: dict[str, str]
    body: bytes


class Browser:
    """One that subscribed: its keys, and the URL at which it is pushed to."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = bytes(range(16))

    @property
    def keys(self) -> dict[str, str]:
        """PushSubscription.toJSON().keys."""
        return {"p256dh": base64url(point(self.key.public_key())), "auth": base64url(self.auth)}

    def open(self, push: Push) -> dict[str, Any]:
        """Check who sent it, decrypt it, and return what it says."""
        self._check_sender(push.headers["authorization"])
        assert push.headers["content-encoding"] == "aes128gcm"
        assert int(push.headers["ttl"]) > 0
        content: dict[str, Any] = json.loads(self._decrypt(push.body))
        return content

    def _decrypt(self, body: bytes) -> bytes:
        assert len(body) <= 4096  # what every push service takes
        salt, record_size, id_length = struct.unpack("!16sLB", body[:21])
        sender = body[21 : 21 + id_length]
        sealed = body[21 + id_length :]
        assert len(sealed) <= record_size  # one record (RFC 8291, section 4)
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        info = b"WebPush: info\0" + point(self.key.public_key()) + sender
        secret = hkdf(self.auth, shared, info, 32)
        content_key = hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(content_key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded.endswith(b"\2")  # the last record
        return padded[:-1]

    def _check_sender(self, authorization: str) -> None:
        scheme, _, parameters = authorization.partition(" ")
        assert scheme == "vapid"
        given = dict(part.strip().split("=", 1) for part in parameters.split(","))
        assert from_base64url(given["k"]) == point(VAPID_KEY.public_key())
        parts = urlsplit(self.endpoint)
        claims = jwt.decode(
            given["t"],
            VAPID_KEY.public_key(),
            algorithms=["ES256"],
            audience=f"{parts.scheme}://{parts.netloc}",
            options={"require": ["exp", "sub", "aud"]},
        )
        assert claims["sub"] == VAPID_SUBJECT


@dataclass
class PushService:
    """Answers 201 to pushes, unless told otherwise for a path; keeps what arrived."""

    port: int = 0
    arrived: dict[str, list[Push]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """host:port, as in PUSH_HOSTS."""
        return f"127.0.0.1:{self.port}"

    def browser(self, name: str, status: str = "201 Created") -> Browser:
        """A browser, and what its pushes are answered."""
        self.statuses[f"/push/{name}"] = status
        return Browser(f"http://{self.origin}/push/{name}")

    def pushes_to(self, browser: Browser) -> list[Push]:
        """What arrived for a browser."""
        return self.arrived.get(urlsplit(browser.endpoint).path, [])

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, which is closed after one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers["content-length"]))
        path = lines[0].split(" ")[1]
        self.arrived.setdefault(path, []).append(Push(headers, body))
        status = self.statuses.get(path, "404 Not Found")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[PushService]:
    """A push service, on a port of its own."""
    service = PushService()
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()
