"""The outside world: URLs that strangers give, called without reaching anything they should not reach.

`Outside` is all of it, made once for an instance; handlers reach it as `context.outside`. It answers with verdicts
(lib.outside.verdicts): values that a job page turns into an outcome. It knows no queue, no table and no Storage.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from lib.outside.verdicts import Absent, Never, NoTurn, NotYet, Verdict
from lib.pictures.messages import Box, Copy, Rendition, Side
from lib.settings import Settings

# Every function has an Outside, and few use it: its parts are imported when they are first used. httpx alone takes
# 100 ms of a cold start.
if TYPE_CHECKING:
    import httpx

    from lib.outside.caches import Caches
    from lib.outside.http import Resolver
    from lib.outside.images import Images
    from lib.outside.push import PushMisconfigured, PushNotConfigured
    from lib.outside.push.sender import PushSender

__all__ = ["Absent", "Box", "Copy", "Never", "NoTurn", "NotYet", "Outside", "Rendition", "Side", "Verdict"]


@dataclass(frozen=True)
class Outside:
    """Everything that leads to strangers. Nothing is read or started until it is used. Close it
    when the instance ends."""

    settings: Settings

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        return cls(settings)

    def client(self, timeout_s: float) -> "httpx.AsyncClient":
        """A client for any stranger's URL: it connects to public addresses only, and follows no redirect.

        timeout_s: for each step; bound the whole with asyncio.timeout. Redirects, statuses and lengths are the
        caller's to check. Raises httpx.RequestError, of which NotPublic and NoTurnToLookUp are kinds.
        """
        from lib.outside.http import checked_client, trust_nobody  # noqa: PLC0415 - see above

        return checked_client(timeout_s, self.resolver.resolve, trust_nobody)

    def check_image(self, image: str) -> Never | None:
        """Why this URL or path can never be a post's image; None if it can. Nothing is called."""
        url = self.images.places.url_of(image)
        return None if isinstance(url, str) else url

    async def render_image(self, image: str, remaining_s: Callable[[], float]) -> Rendition | Verdict:
        """Fetch an image and make its stored form. remaining_s: what is left of the caller's time."""
        return await self.images.render(image, remaining_s)

    async def copy_image(
        self, image: str, sizes: Sequence[int | Box], remaining_s: Callable[[], float]
    ) -> list[Copy] | Verdict:
        """Fetch an image and make smaller copies, one for each size: a number is a square cut from the middle."""
        return await self.images.make_copies(image, sizes, remaining_s)

    @cached_property
    def resolver(self) -> "Resolver":
        """Looks strangers' names up."""
        from lib.outside.http import Resolver  # noqa: PLC0415 - see above

        return Resolver()

    @cached_property
    def images(self) -> "Images":
        """Fetches and makes images."""
        from lib.outside.images import ImagePlaces, Images  # noqa: PLC0415 - see above

        return Images(ImagePlaces.of(self.settings), self.resolver.resolve)

    @cached_property
    def push(self) -> "PushSender | PushNotConfigured | PushMisconfigured":
        """Who pushes to browsers, or why nobody does."""
        from lib.outside.push.sender import push_sender  # noqa: PLC0415 - see above

        return push_sender(self.settings, self.resolver.resolve)

    @cached_property
    def caches(self) -> "Caches | None":
        """Who keeps copies of like counts, by the operator's wish; None where nobody does."""
        if self.settings.upstash_redis_rest_url is None and self.settings.revalidate_url is None:
            return None
        from lib.outside.caches import Caches  # noqa: PLC0415 - see above

        return Caches.of(self.settings)

    async def aclose(self) -> None:
        """End the picture process and close the caches' connections, if there are any."""
        if "images" in vars(self):
            await self.images.process.aclose()
        if "caches" in vars(self) and self.caches is not None:
            await self.caches.aclose()
