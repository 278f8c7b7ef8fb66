"""Allow lists of hosts."""

import pytest

from lib.outside import AllowedHosts, Origin, image_hosts, origin_of
from lib.settings import Settings


def allows(entries: tuple[str, ...], url: str) -> bool:
    """Whether an IMAGE_HOSTS of these entries allows the URL."""
    origin = origin_of(url)
    return origin is not None and AllowedHosts.of(entries).allows(origin)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("images.example.com", "http://images.example.com/a"),
        ("images.example.com", "https://images.example.com:443/a"),
        ("images.example.com", "https://IMAGES.example.com./a"),
        ("Images.Example.com", "https://images.example.com/a"),
        ("bücher.example", "https://xn--bcher-kva.example/a"),
        ("xn--bcher-kva.example", "https://bücher.example/a"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/a"),
        ("127.0.0.1:80", "http://127.0.0.1/a"),
        ("cdn.example.com:443", "https://cdn.example.com/a"),
        ("[::1]:8080", "http://[::1]:8080/a"),
    ],
)
def test_allows_what_is_listed(entry: str, url: str) -> None:
    """A host on its scheme's port, or host and port, whatever the spelling."""
    assert allows((entry,), url)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("example.com", "https://images.example.com/a"),
        ("images.example.com", "https://example.com/a"),
        ("images.example.com", "https://images.example.com:8443/a"),
        ("images.example.com", "http://images.example.com:443/a"),
        ("images.example.com:8080", "http://images.example.com/a"),
        ("127.0.0.1:8080", "http://127.0.0.1:8081/a"),
        ("[::1]:8080", "http://[::1]/a"),
        ("*", "http://example.com/a"),
        ("", "http:///a"),
        ("images.example.com/path", "http://images.example.com.evil.org/a"),
        ("user@images.example.com", "http://images.example.com/a"),
    ],
)
def test_allows_nothing_else(entry: str, url: str) -> None:
    """Neither subdomains nor other ports, nor anything for an entry that makes no sense."""
    assert not allows((entry,), url)


def test_trusts_only_entries_with_a_port() -> None:
    """The address of every other host is checked."""
    hosts = AllowedHosts.of(("images.example.com", "10.0.0.5:9000"))
    assert hosts.trusts(Origin("http", "10.0.0.5", 9000))
    assert hosts.allows(Origin("https", "images.example.com", 443))
    assert not hosts.trusts(Origin("https", "images.example.com", 443))


def test_images_come_from_the_supabase_project_without_being_told() -> None:
    """Where else would an app keep them."""
    settings = Settings.load({"SUPABASE_URL": "http://127.0.0.1:54321/db/x", "SUPABASE_SERVICE_ROLE_KEY": "k"})
    assert image_hosts(settings).trusts(Origin("http", "127.0.0.1", 54321))
    assert not image_hosts(settings).allows(Origin("http", "127.0.0.1", 80))
