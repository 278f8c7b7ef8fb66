"""Copies of like counts in a Redis, over Upstash's REST API.

A copy is a hash with the fields likes and version. A script writes it, which Redis runs as one step, and only over an
older version: a call that was held up cannot bring an old count back. All of a batch's posts go in one request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any, Self

import httpx
from pydantic import TypeAdapter, ValidationError

from lib.errors import CacheFailure
from lib.outside.caches.counted import CountedLikes
from lib.settings import Settings

# While a script runs Redis does nothing else, so one has few posts.
POSTS_A_SCRIPT = 100
# KEYS: for each post its copy, then what is deleted when the copy is replaced. ARGV: seconds to live, keys a post, then
# likes and version of each post. Returns how many copies were replaced. docs/cache.md has it for those who fill copies.
SCRIPT = """
local replaced, keys = 0, tonumber(ARGV[2])
for post = 1, #KEYS / keys do
  local first = (post - 1) * keys + 1
  local likes, version = ARGV[post * 2 + 1], ARGV[post * 2 + 2]
  local known = tonumber(redis.call('HGET', KEYS[first], 'version') or '')
  if not known or known < tonumber(version) then
    redis.call('HSET', KEYS[first], 'likes', likes, 'version', version)
    redis.call('EXPIRE', KEYS[first], ARGV[1])
    for other = first + 1, first + keys - 1 do
      redis.call('DEL', KEYS[other])
    end
    replaced = replaced + 1
  end
end
return replaced
"""

_ANSWERS = TypeAdapter(list[dict[str, Any]])


@dataclass(frozen=True, slots=True)
class RedisCopies:
    """Writes copies. keys: the copy's, then those to delete, each with {id} where the post's id goes."""

    client: httpx.AsyncClient
    url: str
    token: str
    keys: tuple[str, ...]
    ttl_s: int
    name = "redis"

    @classmethod
    def of(cls, settings: Settings, client: httpx.AsyncClient) -> Self | None:
        """As the settings say; None without an address."""
        if settings.upstash_redis_rest_url is None:
            return None
        token = settings.upstash_redis_rest_token
        return cls(
            client=client,
            url=settings.upstash_redis_rest_url.rstrip("/"),
            token=token.get_secret_value() if token else "",
            keys=(settings.cache_key_of_likes, *settings.cache_keys_to_delete),
            ttl_s=settings.cache_ttl_seconds,
        )

    async def tell(self, counts: Sequence[CountedLikes]) -> None:
        """Replace the copies that are older.

        Raises:
            CacheFailure: it answered with something else than that it did.
            httpx.HTTPError: no answer.
        """
        commands = [self._command(part) for part in batched(counts, POSTS_A_SCRIPT)]
        headers = {"authorization": f"Bearer {self.token}"}
        reply = await self.client.post(f"{self.url}/pipeline", json=commands, headers=headers)
        if reply.status_code != 200:
            raise CacheFailure(f"it answered {reply.status_code}")
        try:
            answers = _ANSWERS.validate_json(reply.content)
        except ValidationError:
            raise CacheFailure("its answer is no list of results") from None
        refused = sum("result" not in answer for answer in answers)
        if refused or len(answers) != len(commands):
            raise CacheFailure(f"it refused {refused} of {len(commands)} commands")

    def _command(self, counts: Sequence[CountedLikes]) -> list[str | int]:
        keys = [key.replace("{id}", str(count.post_id)) for count in counts for key in self.keys]
        values = [value for count in counts for value in (count.likes, count.version)]
        return ["EVAL", SCRIPT, len(keys), *keys, self.ttl_s, len(self.keys), *values]
