"""Supabase Storage: the files of its public buckets."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx
from storage3 import AsyncStorageClient
from storage3.exceptions import StorageApiError
from storage3.types import FileOptions

from lib.database.http import library_client
from lib.database.storage_calls import StorageCalls
from lib.database.time_limit import MAX_CALL_S, TimeLeft, call_timeout_s
from lib.database.transport import service_headers
from lib.errors import DatabaseError, DatabaseRejected, DatabaseTimeout, DatabaseUnavailable

# "Not now": Storage's own 503 and 544, and a gateway's statuses. Its 500 is about the file: trying again does not help.
_LATER = re.compile(r"5(?!00)\d\d|429|")
# Too large, and the 500 above.
_ABOUT_THE_FILE = ("413", "500")


@dataclass(frozen=True, slots=True)
class Storage:
    """Part of Database, which makes it. A call ends within MAX_CALL_S and within the time that is left."""

    url: str
    key: str = field(repr=False)
    time_left_s: TimeLeft
    calls: StorageCalls = field(default_factory=StorageCalls)

    def public_url(self, bucket: str, name: str) -> str:
        """Return where anyone gets the file."""
        return f"{self._api}/object/public/{bucket}/{name}"

    async def upload(self, bucket: str, name: str, content: bytes, content_type: str, cache_control: str) -> str:
        """Store a file, in place of one of the same name. Return its public URL.

        cache_control: what follows `max-age=` in the header.

        Raises:
            DatabaseUnavailable, DatabaseTimeout, DatabaseRejected: see lib.errors.
        """
        options: FileOptions = {"content-type": content_type, "cache-control": cache_control, "upsert": "true"}
        had_time = self.time_left_s() >= MAX_CALL_S
        try:
            await self._call("storage.upload", lambda files: files.from_(bucket).upload(name, content, options))
        except DatabaseError as error:
            self.calls.refused += _is_a_refusal(error, had_time=had_time)
            raise
        self.calls.taken += 1
        return self.public_url(bucket, name)

    async def remove(self, bucket: str, names: Sequence[str]) -> int:
        """Remove files; one that is not there is no error. Return how many were there.

        Raises:
            DatabaseUnavailable, DatabaseTimeout, DatabaseRejected: see lib.errors.
        """
        return len(await self._call("storage.remove", lambda files: files.from_(bucket).remove(list(names))))

    async def is_public(self, bucket: str) -> bool:
        """Whether anyone gets the bucket's files.

        Raises:
            DatabaseRejected: with the code 404, there is no such bucket.
            DatabaseUnavailable, DatabaseTimeout: see lib.errors.
        """
        return (await self._call("storage.bucket", lambda files: files.get_bucket(bucket))).public

    @property
    def _api(self) -> str:
        return f"{self.url.rstrip('/')}/storage/v1"

    async def _call[T](self, name: str, call: Callable[[AsyncStorageClient], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(call_timeout_s(self.time_left_s)), library_client() as http:
                return await call(AsyncStorageClient(f"{self._api}/", service_headers(self.key), http_client=http))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise DatabaseTimeout(name, "no answer in time") from error
        except httpx.HTTPError as error:
            raise DatabaseUnavailable(name, type(error).__name__) from error
        except StorageApiError as error:
            status = str(error.status)
            if _LATER.fullmatch(status):
                raise DatabaseUnavailable(name, f"{error.message} ({status})") from error
            raise DatabaseRejected(name, error.message, status) from error
        except (ValueError, TypeError, KeyError) as error:
            # Not a reply of Storage: a page of a gateway before it, or nothing.
            raise DatabaseUnavailable(name, type(error).__name__) from error


def _is_a_refusal(error: DatabaseError, *, had_time: bool) -> bool:
    """Whether Storage would have refused any file. A call that had less time than it may take proves nothing: whoever
    serves an image slowly could take that time."""
    match error:
        case DatabaseRejected(sqlstate=status):
            return status not in _ABOUT_THE_FILE
        case DatabaseTimeout():
            return had_time
        case _:
            return True
