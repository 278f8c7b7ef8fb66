"""Fetching what strangers link to: allowed hosts, public addresses, bounded bytes and time."""

import asyncio
import time
from ipaddress import ip_address

import httpx
import pytest
import respx

from lib.outside import Absent, Never, NoTurn, NotYet, Verdict
from lib.outside.http import Address, AllowedHosts, NoTurnToLookUp, Resolve
from lib.outside.images import ImagePlaces, fetching
from lib.outside.images.fetching import MAX_BYTES
from tests.jobs import image_host
from tests.jobs.image_host import Answer, ImageHost

PUBLIC = "93.184.215.14"
A_JPG = "https://images.example.com/a.jpg"


def allowing(*entries: str) -> AllowedHosts:
    """The hosts of an IMAGE_HOSTS."""
    return AllowedHosts.of(entries)


def resolving(*addresses: str) -> Resolve:
    """A resolver that answers these addresses to everything."""

    async def resolve(_host: str, _port: int, *, trusted: bool) -> list[Address]:
        return [ip_address(address) for address in addresses]

    return resolve


HERE = resolving("127.0.0.1")
IMAGES = allowing("images.example.com")


async def fetch_image(url: str, hosts: AllowedHosts, within_s: float, resolve: Resolve = HERE) -> bytearray | Verdict:
    """Fetch it from these hosts, which are on this machine unless said otherwise."""
    return await fetching.fetch_image(url, ImagePlaces(hosts), within_s, resolve)


def refused(verdict: bytearray | Verdict, why: str = "") -> bool:
    """Whether no attempt can succeed, for that reason."""
    assert isinstance(verdict, Never), verdict
    return why in verdict.reason


def failed_for_now(verdict: bytearray | Verdict, why: str = "") -> bool:
    """Whether a later attempt may succeed, whenever the policy says."""
    assert isinstance(verdict, NotYet), verdict
    assert verdict.retry_after_s is None
    return why in verdict.reason


async def test_returns_the_bytes(host: ImageHost) -> None:
    """The simple case."""
    url = host.serves("/a.jpg", b"pixels", "200 OK", "content-type: text/html")
    assert await fetch_image(url, allowing(host.origin), 5) == bytearray(b"pixels")


async def test_asks_for_it_unpacked_and_says_who_asks(host: ImageHost) -> None:
    """The bytes are counted as they come; no cookies, keys or referrers go along."""
    await fetch_image(host.serves("/a.jpg", b"x"), allowing(host.origin), 5)
    head = host.heads[0].lower()
    assert f"host: {host.origin}" in head
    assert "accept-encoding: identity" in head
    assert not any(secret in head for secret in ("authorization", "apikey", "cookie", "referer"))


# -- hosts


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.jpg",
        "http://images.example.com.evil.org/a.jpg",
        "http://images.example.com@evil.org/a.jpg",
        "http://user:password@images.example.com/a.jpg",
        "http://images.example.com:8080/a.jpg",
        "http://evil.org/images.example.com",
        "ftp://images.example.com/a.jpg",
        "file:///etc/passwd",
        "gopher://images.example.com/",
        "data:image/png;base64,AAAA",
        "//images.example.com/a.jpg",
        "images.example.com/a.jpg",
        "http://",
        "http:///a.jpg",
        "http://[::1/a.jpg",
        "http://images.example.com:99999/a.jpg",
        "http://2130706433/a.jpg",
        "http://0x7f.1/a.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "http://images.еxample.com/a.jpg",  # noqa: RUF001 - a Cyrillic letter
        "\x00http://images.example.com/",
    ],
)
async def test_refuses_what_is_not_allowed(url: str) -> None:
    """No attempt can succeed, so it is refused for good."""
    assert refused(await fetch_image(url, allowing("images.example.com"), 5, resolving(PUBLIC)))


@respx.mock
async def test_connects_to_the_address_that_was_checked() -> None:
    """A second look-up could answer something else: DNS rebinding. The name goes into Host and TLS."""
    route = respx.get(f"https://{PUBLIC}/a.jpg", headers={"host": "images.example.com"}).respond(200, content=b"pixels")
    assert await fetch_image("https://Images.Example.COM/a.jpg", allowing("images.example.com"), 5, resolving(PUBLIC))
    assert route.calls.last.request.extensions["sni_hostname"] == "images.example.com"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "::1", "::ffff:10.0.0.1"]
)
async def test_refuses_an_allowed_host_that_resolves_to_a_private_address(address: str) -> None:
    """Names are free: a domain's owner may point it anywhere."""
    assert refused(
        await fetch_image("http://images.example.com/a.jpg", IMAGES, 5, resolving(address)),
        "not public",
    )


async def test_refuses_a_host_of_which_one_address_is_private() -> None:
    """Which of them is called would be chance."""
    assert refused(
        await fetch_image("http://images.example.com/a.jpg", IMAGES, 5, resolving(PUBLIC, "127.0.0.1")),
        "not public",
    )


async def test_a_host_without_a_port_is_not_exempt(host: ImageHost) -> None:
    """Only an entry with a port names one service that the operator knows."""
    assert refused(await fetch_image("http://localhost/a.jpg", allowing("localhost", "127.0.0.1"), 5))
    assert host.heads == []


async def test_the_supabase_project_is_trusted(host: ImageHost) -> None:
    """Also a local one, for development."""
    url = host.serves("/storage/v1/object/public/posts/a.jpg", b"pixels")
    hosts = AllowedHosts.of((), trusted_urls=[host.url("/db/test")])
    assert await fetch_image(url, hosts, 5) == bytearray(b"pixels")


@respx.mock
async def test_tries_the_other_addresses_of_a_host_that_has_several() -> None:
    """IPv6 may be announced and not work."""
    respx.get(f"http://{PUBLIC}/a.jpg").mock(side_effect=httpx.ConnectError)
    respx.get("http://93.184.215.15/a.jpg").respond(200, content=b"pixels")
    hosts = allowing("images.example.com")
    assert await fetch_image("http://images.example.com/a.jpg", hosts, 5, resolving(PUBLIC, "93.184.215.15"))


async def test_no_turn_to_look_a_name_up_is_nobodys_attempt() -> None:
    """Other names were in the way; nothing was sent."""

    async def full(host: str, _port: int, *, trusted: bool) -> list[Address]:
        raise NoTurnToLookUp(f"{host}: too many")

    verdict = await fetch_image("http://images.example.com/a.jpg", IMAGES, 5, full)
    assert verdict == NoTurn("images.example.com: too many")


async def test_only_the_operators_own_services_are_looked_up_by_the_system(host: ImageHost) -> None:
    """A redirect is a stranger's word, also one of a trusted host."""
    asked: list[tuple[str, bool]] = []

    async def resolve(host: str, _port: int, *, trusted: bool) -> list[Address]:
        asked.append((host, trusted))
        return [ip_address("127.0.0.1")]

    url = host.serves("/a.jpg", b"", "302 Found", "location: http://images.example.com/b.jpg")
    assert refused(await fetch_image(url, allowing(host.origin, "images.example.com"), 5, resolve), "not public")
    assert asked == [("127.0.0.1", True), ("images.example.com", False)]


# -- redirects


async def test_follows_a_redirect_to_an_allowed_public_host() -> None:
    """Image hosts redirect to their CDN."""
    with respx.mock:
        respx.get(f"http://{PUBLIC}/a", headers={"host": "a.example.com"}).respond(
            302, headers={"location": "https://b.example.com/b"}
        )
        respx.get(f"https://{PUBLIC}/b", headers={"host": "b.example.com"}).respond(200, content=b"pixels")
        hosts = allowing("a.example.com", "b.example.com")
        assert await fetch_image("http://a.example.com/a", hosts, 5, resolving(PUBLIC)) == bytearray(b"pixels")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/secret", "http://169.254.169.254/latest/meta-data/", "http://localhost:{port}/secret"],
)
async def test_a_redirect_is_never_exempt(host: ImageHost, status: str, target: str) -> None:
    """An open redirect on a trusted host must not lead inside: not even to the trusted host itself."""
    host.serves("/secret", b"secret")
    url = host.serves("/a.jpg", b"", status, f"location: {target.format(port=host.port)}")
    assert refused(await fetch_image(url, allowing(host.origin, f"localhost:{host.port}", "169.254.169.254"), 5))
    assert len(host.heads) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x", "http://evil.org/", "", "http://["])
async def test_refuses_a_redirect_to_what_is_not_allowed(host: ImageHost, location: str) -> None:
    """Each hop is checked like the first."""
    url = host.serves("/a.jpg", b"", "302 Found", f"location: {location}")
    assert refused(await fetch_image(url, allowing(host.origin), 5))


@respx.mock
async def test_gives_up_after_three_redirects() -> None:
    """A circle has no end."""
    route = respx.get(f"http://{PUBLIC}/a").respond(302, headers={"location": "/a"})
    assert refused(
        await fetch_image("http://a.example.com/a", allowing("a.example.com"), 5, resolving(PUBLIC)), "more than 3"
    )
    assert route.call_count == 4


# -- bytes and time


@pytest.mark.parametrize(
    "answer", [image_host.never_ends, image_host.says_a_gigabyte, image_host.lies_about_its_length]
)
async def test_reads_ten_megabytes_and_no_more(host: ImageHost, answer: Answer) -> None:
    """A gigabyte, said or not, is not read."""
    assert refused(await fetch_image(host.answers_with("/a.jpg", answer), allowing(host.origin), 20), "more than 10 MB")


async def test_reads_exactly_ten_megabytes(host: ImageHost) -> None:
    """The limit is what it says."""
    assert await fetch_image(host.serves("/a", bytes(MAX_BYTES)), allowing(host.origin), 20) == bytearray(MAX_BYTES)
    assert refused(
        await fetch_image(host.serves("/b", bytes(MAX_BYTES + 1)), allowing(host.origin), 20), "more than 10 MB"
    )


async def test_does_not_unpack_a_bomb(host: ImageHost) -> None:
    """It asked for identity; what comes packed anyway is not opened."""
    assert refused(
        await fetch_image(host.answers_with("/a.png", image_host.gzip_bomb), allowing(host.origin), 20),
        "packed as gzip",
    )


async def test_a_drip_ends_with_the_time(host: ImageHost) -> None:
    """Each read is quick, and the whole would take minutes."""
    started = time.monotonic()
    assert failed_for_now(
        await fetch_image(host.answers_with("/a.jpg", image_host.drip), allowing(host.origin), 0.5), "too long"
    )
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("answer", [image_host.hangs_up, image_host.no_http])
async def test_a_broken_answer_is_tried_again(host: ImageHost, answer: Answer) -> None:
    """Next time it may be whole."""
    assert failed_for_now(await fetch_image(host.answers_with("/a.jpg", answer), allowing(host.origin), 5))


async def test_no_answer_is_tried_again(host: ImageHost) -> None:
    """So is a host that is down, or whose name does not resolve."""

    async def no_such_name(_host: str, _port: int, *, trusted: bool) -> list[Address]:
        raise OSError("Name or service not known")

    silent = host.answers_with("/a.jpg", image_host.says_nothing)
    for url, hosts, resolve in (
        (silent, allowing(host.origin), resolving("127.0.0.1")),
        ("http://127.0.0.1:1/a.jpg", allowing("127.0.0.1:1"), resolving("127.0.0.1")),
        ("http://images.example.com/a.jpg", IMAGES, no_such_name),
    ):
        assert failed_for_now(await fetch_image(url, hosts, 0.5, resolve))


async def test_many_fetches_run_at_the_same_time(host: ImageHost) -> None:
    """One slow host holds back nobody else."""

    async def slow(connection: image_host.Connection) -> None:
        await asyncio.sleep(0.3)
        await connection.reply(b"pixels")

    url = host.answers_with("/a.jpg", slow)
    started = time.monotonic()
    await asyncio.gather(*(fetch_image(url, allowing(host.origin), 5) for _ in range(10)))
    assert time.monotonic() - started < 2


# -- statuses


@pytest.mark.parametrize("status", [204, 206, 304, 401, 405, 409, 418, 451])
@respx.mock
async def test_a_host_that_says_no_is_believed(status: int) -> None:
    """What it refuses today it refuses tomorrow."""
    respx.get(f"https://{PUBLIC}/a.jpg").respond(status)
    assert refused(
        await fetch_image(A_JPG, IMAGES, 5, resolving(PUBLIC)),
        str(status),
    )


@pytest.mark.parametrize("status", [400, 403, 404, 410])
@respx.mock
async def test_a_host_that_does_not_have_it_says_so(status: int) -> None:
    """Storage answers 400 for a file whose upload has not ended: whether to wait, only the job's age says."""
    respx.get(f"https://{PUBLIC}/a.jpg").respond(status)
    verdict = await fetch_image(A_JPG, IMAGES, 5, resolving(PUBLIC))
    assert verdict == Absent(f"the image's host answered {status}", status)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
@respx.mock
async def test_a_host_that_says_not_now_is_asked_again(status: int) -> None:
    """By the policy's backoff."""
    respx.get(f"https://{PUBLIC}/a.jpg").respond(status)
    assert failed_for_now(
        await fetch_image(A_JPG, IMAGES, 5, resolving(PUBLIC)),
        str(status),
    )


@pytest.mark.parametrize("status", [429, 503])
@respx.mock
async def test_a_host_that_says_when_is_asked_then(status: int) -> None:
    """Retry-After, RFC 9110, section 10.2.3."""
    respx.get(f"https://{PUBLIC}/a.jpg").respond(status, headers={"retry-after": "120"})
    verdict = await fetch_image(A_JPG, IMAGES, 5, resolving(PUBLIC))
    assert isinstance(verdict, NotYet)
    assert verdict.retry_after_s == 120
