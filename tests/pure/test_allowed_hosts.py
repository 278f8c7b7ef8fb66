"""Allow lists of hosts."""

import pytest

from lib.errors import Misconfigured
from lib.outside import Never
from lib.outside.http import AllowedHosts, Origin, origin_of
from lib.outside.images import ImagePlaces
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


def places(**environment: str) -> ImagePlaces:
    """Where images come from, in this environment."""
    project = {"SUPABASE_URL": "http://127.0.0.1:54321/db/x", "SUPABASE_SERVICE_ROLE_KEY": "k"}
    return ImagePlaces.of(Settings.load(project | environment))


def test_images_come_from_the_supabase_project_without_being_told() -> None:
    """Where else would an app keep them."""
    assert places().hosts.trusts(Origin("http", "127.0.0.1", 54321))
    assert not places().hosts.allows(Origin("http", "127.0.0.1", 80))


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("uploads/a.png", "uploads/a.png"),
        ("/uploads/a.png", "uploads/a.png"),
        ("a.png", "a.png"),
        ("año/1 2?.png", "a%C3%B1o/1%202%3F.png"),
        ("a%2e%2e.png", "a%252e%252e.png"),
    ],
)
def test_a_path_without_a_host_is_a_file_of_the_bucket(path: str, url: str) -> None:
    """An adopted app may store what Storage calls the object's name."""
    bucket = "http://127.0.0.1:54321/db/x/storage/v1/object/public/posts/"
    assert places(IMAGE_BUCKET="posts").url_of(path) == bucket + url


@pytest.mark.parametrize("path", ["..", "../auth/v1", "a/../../../rest/v1/posts", "a//b.png", "./a.png", "a/", "/"])
def test_a_path_does_not_leave_the_bucket(path: str) -> None:
    """Nor does it name a folder."""
    assert isinstance(places(IMAGE_BUCKET="posts").url_of(path), Never)


@pytest.mark.parametrize(
    "url", ["//evil.example/a.png", "/\\evil.example/a.png", "\\\\evil.example", "file:a", "x:1/a"]
)
def test_what_names_a_host_or_a_scheme_is_no_path(url: str) -> None:
    """It is refused as the URL that it is."""
    assert places(IMAGE_BUCKET="posts").url_of(url) == Never("the image's URL is not an http or https one")


def test_the_reason_says_which_setting_would_allow_it() -> None:
    """40 posts on another host are a matter of configuration."""
    elsewhere, path = (places().url_of(image) for image in ("https://res.cloudinary.com/a.png", "uploads/a.png"))
    assert elsewhere == Never("images are not fetched from res.cloudinary.com, which IMAGE_HOSTS does not list")
    assert path == Never("the image is a path without a host, and IMAGE_BUCKET is not set")


@pytest.mark.parametrize("bucket", ["a/b", "..", "..%2f", "a b", "x" * 101])
def test_a_bucket_that_is_no_bucket_is_a_misconfiguration(bucket: str) -> None:
    """Found at the first request, by name."""
    with pytest.raises(Misconfigured, match="IMAGE_BUCKET"):
        places(IMAGE_BUCKET=bucket)
