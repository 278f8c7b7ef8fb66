"""Fetching what strangers link to: allowed hosts, public addresses, bounded bytes and time."""

import asyncio
import time
from ipaddress import ip_address

import httpx
import pytest
import respx

from lib.errors import JobFailure, PermanentFailure, RetryLater
from lib.images.fetching import MAX_BYTES, Refused, TooManyBytes, Unobtainable, fetch_image
from lib.outside import AllowedHosts
from lib.outside.addresses import Address, Resolve
from tests.jobs import image_host
from tests.jobs.image_host import Answer, ImageHost

PUBLIC = "93.184.215.14"


def allowing(*entries: str) -> AllowedHosts:
    """The hosts of an IMAGE_HOSTS."""
    return AllowedHosts.of(entries)


def resolving(*addresses: str) -> Resolve:
    """A resolver that answers these addresses to everything."""

    async def resolve(_host: str, _port: int) -> list[Address]:
        return [ip_address(address) for address in addresses]

    return resolve


async def test_returns_the_bytes(host: ImageHost) -> None:
    """The simple case."""
    url = host.serves("/a.jpg", b"pixels", "200 OK", "content-type: text/html")
    assert await fetch_image(url, allowing(host.origin), 5) == b"pixels"


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
    with pytest.raises(Refused):
        await fetch_image(url, allowing("images.example.com"), 5, resolving(PUBLIC))


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
    with pytest.raises(Refused, match="not public"):
        await fetch_image("http://images.example.com/a.jpg", allowing("images.example.com"), 5, resolving(address))


async def test_refuses_a_host_of_which_one_address_is_private() -> None:
    """Which of them is called would be chance."""
    with pytest.raises(Refused, match="not public"):
        await fetch_image(
            "http://images.example.com/a.jpg", allowing("images.example.com"), 5, resolving(PUBLIC, "127.0.0.1")
        )


async def test_a_host_without_a_port_is_not_exempt(host: ImageHost) -> None:
    """Only an entry with a port names one service that the operator knows."""
    with pytest.raises(Refused):
        await fetch_image("http://localhost/a.jpg", allowing("localhost", "127.0.0.1"), 5)
    assert host.heads == []


async def test_the_supabase_project_is_trusted(host: ImageHost) -> None:
    """Also a local one, for development."""
    url = host.serves("/storage/v1/object/public/posts/a.jpg", b"pixels")
    hosts = AllowedHosts.of((), trusted_urls=[host.url("/db/test")])
    assert await fetch_image(url, hosts, 5) == b"pixels"


@respx.mock
async def test_tries_the_other_addresses_of_a_host_that_has_several() -> None:
    """IPv6 may be announced and not work."""
    respx.get(f"http://{PUBLIC}/a.jpg").mock(side_effect=httpx.ConnectError)
    respx.get("http://93.184.215.15/a.jpg").respond(200, content=b"pixels")
    hosts = allowing("images.example.com")
    assert await fetch_image("http://images.example.com/a.jpg", hosts, 5, resolving(PUBLIC, "93.184.215.15"))


# -- redirects


async def test_follows_a_redirect_to_an_allowed_public_host() -> None:
    """Image hosts redirect to their CDN."""
    with respx.mock:
        respx.get(f"http://{PUBLIC}/a", headers={"host": "a.example.com"}).respond(
            302, headers={"location": "https://b.example.com/b"}
        )
        respx.get(f"https://{PUBLIC}/b", headers={"host": "b.example.com"}).respond(200, content=b"pixels")
        hosts = allowing("a.example.com", "b.example.com")
        assert await fetch_image("http://a.example.com/a", hosts, 5, resolving(PUBLIC)) == b"pixels"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/secret", "http://169.254.169.254/latest/meta-data/", "http://localhost:{port}/secret"],
)
async def test_a_redirect_is_never_exempt(host: ImageHost, status: str, target: str) -> None:
    """An open redirect on a trusted host must not lead inside: not even to the trusted host itself."""
    host.serves("/secret", b"secret")
    url = host.serves("/a.jpg", b"", status, f"location: {target.format(port=host.port)}")
    with pytest.raises(Refused):
        await fetch_image(url, allowing(host.origin, f"localhost:{host.port}", "169.254.169.254"), 5)
    assert len(host.heads) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x", "http://evil.org/", "", "http://["])
async def test_refuses_a_redirect_to_what_is_not_allowed(host: ImageHost, location: str) -> None:
    """Each hop is checked like the first."""
    url = host.serves("/a.jpg", b"", "302 Found", f"location: {location}")
    with pytest.raises(Refused):
        await fetch_image(url, allowing(host.origin), 5)


@respx.mock
async def test_gives_up_after_three_redirects() -> None:
    """A circle has no end."""
    route = respx.get(f"http://{PUBLIC}/a").respond(302, headers={"location": "/a"})
    with pytest.raises(Refused, match="more than 3"):
        await fetch_image("http://a.example.com/a", allowing("a.example.com"), 5, resolving(PUBLIC))
    assert route.call_count == 4


# -- bytes and time


@pytest.mark.parametrize(
    "answer", [image_host.never_ends, image_host.says_a_gigabyte, image_host.lies_about_its_length]
)
async def test_reads_ten_megabytes_and_no_more(host: ImageHost, answer: Answer) -> None:
    """A gigabyte, said or not, is not read."""
    with pytest.raises(TooManyBytes):
        await fetch_image(host.answers_with("/a.jpg", answer), allowing(host.origin), 20)


async def test_reads_exactly_ten_megabytes(host: ImageHost) -> None:
    """The limit is what it says."""
    assert len(await fetch_image(host.serves("/a", bytes(MAX_BYTES)), allowing(host.origin), 20)) == MAX_BYTES
    with pytest.raises(TooManyBytes):
        await fetch_image(host.serves("/b", bytes(MAX_BYTES + 1)), allowing(host.origin), 20)


async def test_does_not_unpack_a_bomb(host: ImageHost) -> None:
    """It asked for identity; what comes packed anyway is not opened."""
    with pytest.raises(Unobtainable, match="packed as gzip"):
        await fetch_image(host.answers_with("/a.png", image_host.gzip_bomb), allowing(host.origin), 20)


async def test_a_drip_ends_with_the_time(host: ImageHost) -> None:
    """Each read is quick, and the whole would take minutes."""
    started = time.monotonic()
    with pytest.raises(JobFailure, match="too long"):
        await fetch_image(host.answers_with("/a.jpg", image_host.drip), allowing(host.origin), 0.5)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("answer", [image_host.hangs_up, image_host.no_http])
async def test_a_broken_answer_is_tried_again(host: ImageHost, answer: Answer) -> None:
    """Next time it may be whole."""
    with pytest.raises(JobFailure) as caught:
        await fetch_image(host.answers_with("/a.jpg", answer), allowing(host.origin), 5)
    assert not isinstance(caught.value, PermanentFailure)


async def test_no_answer_is_tried_again(host: ImageHost) -> None:
    """So is a host that is down, or whose name does not resolve."""

    async def no_such_name(_host: str, _port: int) -> list[Address]:
        raise OSError("Name or service not known")

    silent = host.answers_with("/a.jpg", image_host.says_nothing)
    for url, hosts, resolve in (
        (silent, allowing(host.origin), resolving("127.0.0.1")),
        ("http://127.0.0.1:1/a.jpg", allowing("127.0.0.1:1"), resolving("127.0.0.1")),
        ("http://images.example.com/a.jpg", allowing("images.example.com"), no_such_name),
    ):
        with pytest.raises(JobFailure) as caught:
            await fetch_image(url, hosts, 0.5, resolve)
        assert not isinstance(caught.value, PermanentFailure)


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


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 403, 404, 405, 410, 418, 451])
@respx.mock
async def test_a_host_that_says_no_is_believed(status: int) -> None:
    """404 today is 404 tomorrow."""
    respx.get(f"https://{PUBLIC}/a.jpg").respond(status)
    with pytest.raises(Unobtainable, match=str(status)):
        await fetch_image("https://images.example.com/a.jpg", allowing("images.example.com"), 5, resolving(PUBLIC))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
@respx.mock
async def test_a_host_that_says_not_now_is_asked_again(status: int) -> None:
    """By the policy's backoff."""
    respx.get(f"https://{PUBLIC}/a.jpg").respond(status)
    with pytest.raises(JobFailure, match=str(status)) as caught:
        await fetch_image("https://images.example.com/a.jpg", allowing("images.example.com"), 5, resolving(PUBLIC))
    assert not isinstance(caught.value, PermanentFailure | RetryLater)


@pytest.mark.parametrize("status", [429, 503])
@respx.mock
async def test_a_host_that_says_when_is_asked_then(status: int) -> None:
    """Retry-After, RFC 9110, section 10.2.3."""
    respx.get(f"https://{PUBLIC}/a.jpg").respond(status, headers={"retry-after": "120"})
    with pytest.raises(RetryLater) as caught:
        await fetch_image("https://images.example.com/a.jpg", allowing("images.example.com"), 5, resolving(PUBLIC))
    assert caught.value.seconds == 120
