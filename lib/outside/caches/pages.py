"""Pages that an app has rendered and keeps: its own route is told which posts have new counts.

A page that is rendered anew reads the database, so the order of two calls does not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import httpx
from pydantic_core import to_json

from lib.errors import CacheFailure
from lib.outside.caches.counted import CountedLikes
from lib.settings import Settings


@dataclass(frozen=True, slots=True)
class RenderedPages:
    """Calls the app's route."""

    client: httpx.AsyncClient
    url: str
    secret: str
    name = "revalidation"

    @classmethod
    def of(cls, settings: Settings, client: httpx.AsyncClient) -> Self | None:
        """As the settings say; None without an address."""
        if settings.revalidate_url is None:
            return None
        secret = settings.revalidate_secret
        return cls(client, settings.revalidate_url, secret.get_secret_value() if secret else "")

    async def tell(self, counts: Sequence[CountedLikes]) -> None:
        """POST {"posts": [{"postId", "likes", "version"}]} with the secret as a bearer token.

        Raises:
            CacheFailure: it answered with another status than 2xx.
            httpx.HTTPError: no answer.
        """
        posts = [{"postId": each.post_id, "likes": each.likes, "version": each.version} for each in counts]
        headers = {"authorization": f"Bearer {self.secret}", "content-type": "application/json"}
        reply = await self.client.post(self.url, content=to_json({"posts": posts}), headers=headers)
        if not reply.is_success:
            raise CacheFailure(f"it answered {reply.status_code}")
