"""Supabase Auth: whose access token is it?"""

import asyncio
import re
from dataclasses import dataclass, field
from uuid import UUID

import httpx
from supabase_auth import AsyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError
from supabase_auth.types import UserResponse

from lib.database.http import library_client
from lib.database.time_limit import TimeLeft, call_timeout_s
from lib.database.transport import service_headers
from lib.errors import DatabaseTimeout, DatabaseUnavailable, NotAuthenticated

# The compact form of a signed token (RFC 7515, section 3.1). Auth need not be asked about anything else.
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class User:
    """A user of the app. `role` is what the operator wrote into app_metadata; users cannot change it."""

    id: UUID
    role: str | None


@dataclass(frozen=True, slots=True)
class Auth:
    """Asks Supabase Auth. A call ends within MAX_CALL_S and within the time that is left."""

    url: str
    key: str = field(repr=False)
    time_left_s: TimeLeft

    async def get_user(self, access_token: str) -> User:
        """Return the user whose token it is.

        Raises:
            NotAuthenticated: Auth does not accept the token, or it does not have the form of one.
            DatabaseUnavailable, DatabaseTimeout: Auth does not answer.
        """
        if not _JWT.fullmatch(access_token):
            raise NotAuthenticated("the access token is not valid")
        try:
            async with asyncio.timeout(call_timeout_s(self.time_left_s)):
                reply = await self._get_user(access_token)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise DatabaseTimeout("auth.get_user", "no answer in time") from error
        except (AuthRetryableError, httpx.HTTPError) as error:
            raise DatabaseUnavailable("auth.get_user", type(error).__name__) from error
        except AuthApiError as error:
            # Auth's verdict on a token has a code. A reply without one comes from a gateway, for a wrong API key say.
            if error.code and error.status in (401, 403, 404):
                raise NotAuthenticated("the access token is not valid") from error
            raise DatabaseUnavailable("auth.get_user", f"{error.message} ({error.status})") from error
        except (AuthError, ValueError) as error:
            # Not a reply of Auth: a page of a gateway before it.
            raise DatabaseUnavailable("auth.get_user", type(error).__name__) from error
        if reply is None:
            raise NotAuthenticated("the access token is not valid")
        return User(UUID(reply.user.id), reply.user.app_metadata.get("role"))

    async def _get_user(self, access_token: str) -> UserResponse | None:
        async with library_client() as http:
            client = AsyncGoTrueClient(
                url=f"{self.url.rstrip('/')}/auth/v1",
                headers=service_headers(self.key),
                auto_refresh_token=False,
                persist_session=False,
                http_client=http,
            )
            return await client.get_user(access_token)
