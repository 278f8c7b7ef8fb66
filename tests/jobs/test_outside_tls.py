"""TLS to an address that was checked is TLS to the name that was asked for."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lib.outside import NotYet, Verdict
from lib.outside.http import Address, AllowedHosts, client
from lib.outside.images import ImagePlaces, fetch_image
from tests.jobs.image_host import ImageHost

NAME = "images.example.com"
REFUSED = NotYet("the image's host did not answer properly: ConnectError")


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for NAME that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """The files."""
    return write_certificate(tmp_path)


@pytest.fixture
async def host(certificate: tuple[Path, Path]) -> AsyncIterator[ImageHost]:
    """A host of images that speaks TLS, as NAME."""
    host = ImageHost()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    server = await asyncio.start_server(host.handle, "127.0.0.1", 0, ssl=tls)
    host.port = server.sockets[0].getsockname()[1]
    host.serves("/a.jpg", b"pixels")
    yield host
    server.close()


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the certificate be one of those that are trusted."""
    context = ssl.create_default_context(cafile=str(certificate[0]))
    monkeypatch.setattr(client, "_tls", lambda: context)


async def fetch(host: ImageHost, name: str) -> bytearray | Verdict:
    """Fetch as that name; whatever the name, it resolves to the host."""

    async def here(_host: str, _port: int, *, trusted: bool) -> list[Address]:
        return [ip_address("127.0.0.1")]

    places = ImagePlaces(AllowedHosts.of([f"{name}:{host.port}"]))
    return await fetch_image(f"https://{name}:{host.port}/a.jpg", places, 5, here)


@pytest.mark.usefixtures("trusted")
async def test_the_certificate_is_checked_for_the_name(host: ImageHost) -> None:
    """Although the connection goes to an address."""
    assert await fetch(host, NAME) == bytearray(b"pixels")


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_another_name_is_refused(host: ImageHost) -> None:
    """Whoever has the address is not whoever has the name."""
    assert await fetch(host, "other.example.com") == REFUSED
    assert host.heads == []


async def test_a_certificate_of_nobody_is_refused(host: ImageHost) -> None:
    """By those whom everybody trusts."""
    assert await fetch(host, NAME) == REFUSED
