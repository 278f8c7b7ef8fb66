"""Where images may be fetched from. Pure: nothing is resolved here."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

import httpx

from lib.outside.http import AllowedHosts, origin_of
from lib.outside.verdicts import Never
from lib.settings import Settings

MAX_URL_CHARACTERS = 2048


@dataclass(frozen=True, slots=True)
class ImagePlaces:
    """The hosts that are allowed, the bucket that paths without a host belong to, and where the project's Storage has
    its files. Both URLs end in a slash."""

    hosts: AllowedHosts
    bucket_url: str | None = None
    storage_url: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """IMAGE_HOSTS, the Supabase project itself, and IMAGE_BUCKET."""
        project = settings.supabase_url.rstrip("/")
        bucket = settings.image_bucket
        return cls(
            AllowedHosts.of(settings.image_hosts, trusted_urls=(project,)),
            f"{project}/storage/v1/object/public/{bucket}/" if bucket else None,
            f"{project}/storage/v1/object/",
        )

    def url_of(self, image: str) -> str | Never:
        """The URL to fetch: the image's own, or for a path such as uploads/a.png that of the project's bucket."""
        url = self._in_bucket(image) if _is_path(image) else image
        return self.check(url) or url if isinstance(url, str) else url

    def check(self, url: str) -> Never | None:
        """Why this URL may not be called; None if it may."""
        origin = origin_of(url)
        if origin is None:
            return Never("the image's URL is not an http or https one")
        if not self.hosts.allows(origin):
            where = origin.host if origin.has_default_port else f"{origin.host}:{origin.port}"
            return Never(f"images are not fetched from {where}, which IMAGE_HOSTS does not list")
        return None

    def is_own_file(self, image: str) -> bool:
        """Whether it is a file of the project's Storage. Not so other paths of the project, in whatever way they are
        written: a user could name one that always fails."""
        url = self.url_of(image)
        if not isinstance(url, str) or self.storage_url is None or "/.." in unquote(url):
            return False
        return str(httpx.URL(url)).startswith(str(httpx.URL(self.storage_url)))

    def _in_bucket(self, path: str) -> str | Never:
        if self.bucket_url is None:
            return Never("the image is a path without a host, and IMAGE_BUCKET is not set")
        names = path.removeprefix("/").split("/")
        if any(name in ("", ".", "..") for name in names):
            return Never("the image's path does not name a file of the bucket")
        return self.bucket_url + quote("/".join(names))


def _is_path(image: str) -> bool:
    """Whether it names neither a scheme nor a host."""
    first = image.partition("/")[0]
    return ":" not in first and not image.startswith(("//", "/\\", "\\"))
