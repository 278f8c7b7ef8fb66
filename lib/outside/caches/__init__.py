"""Copies of like counts outside the database: a Redis, pages that an app has rendered, or both.

They belong to the operator, so their addresses are trusted. A copy that is not told stays old until it expires: nothing
here is tried again, and no call takes longer than the caller allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import httpx

from lib.errors import CacheFailure
from lib.outside.caches.counted import CountedLikes
from lib.outside.caches.pages import RenderedPages
from lib.outside.caches.redis import RedisCopies
from lib.settings import Settings

__all__ = ["Caches", "CountedLikes"]

# For each step of a call; the caller bounds the whole.
STEP_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Caches:
    """All that the settings name. One client for both keeps its connections."""

    client: httpx.AsyncClient
    copies: RedisCopies | None
    pages: RenderedPages | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        client = httpx.AsyncClient(timeout=STEP_TIMEOUT_S, trust_env=False, follow_redirects=False)
        return cls(client, RedisCopies.of(settings, client), RenderedPages.of(settings, client))

    async def tell(self, counts: Sequence[CountedLikes]) -> None:
        """Tell all of them: the copies first, from which a page may be rendered anew.

        Raises:
            CacheFailure: one did not take it; the others were told.
        """
        failures = []
        for cache in (self.copies, self.pages):
            if cache is not None:
                try:
                    await cache.tell(counts)
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    failures.append(f"{cache.name}: {type(error).__name__}")
                except CacheFailure as error:
                    failures.append(f"{cache.name}: {error}")
        if failures:
            raise CacheFailure("; ".join(failures))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()
