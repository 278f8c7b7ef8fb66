"""Supabase Auth: whose access token is it, and signing in by email and password."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import httpx
from supabase_auth import AsyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError
from supabase_auth.types import AuthResponse
from supabase_auth.types import User as Account

from lib.database.http import library_client
from lib.database.time_limit import TimeLeft, call_timeout_s
from lib.database.transport import service_headers
from lib.errors import DatabaseTimeout, DatabaseUnavailable, NotAuthenticated, TooMany

# The compact form of a signed token (RFC 7515, section 3.1). Auth need not be asked about anything else.
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# How long to wait when Auth's limit does not say it in whole seconds.
_WAIT_S = 60


@dataclass(frozen=True, slots=True)
class User:
    """A user of the app. `role` is what the operator wrote into app_metadata; users cannot change it."""

    id: UUID
    role: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of a user: the tokens, and until when the first one is good."""

    user: User
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime


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
            reply = await self._ask("auth.get_user", lambda client: client.get_user(access_token))
        except AuthApiError as error:
            # Auth's verdict on a token has a code. A reply without one comes from a gateway, for a wrong API key say.
            if error.code and error.status in (401, 403, 404):
                raise NotAuthenticated("the access token is not valid") from error
            raise DatabaseUnavailable("auth.get_user", f"{error.code or 'no code'} ({error.status})") from error
        if reply is None:
            raise NotAuthenticated("the access token is not valid")
        return _user(reply.user)

    async def sign_in(self, email: str, password: str, address: str | None) -> SignedIn:
        """Sign in. address: the client's, for Auth's limits, which would count all operators as one otherwise.

        Raises:
            NotAuthenticated: Auth does not let this user in.
            TooMany: more tries than Auth allows.
            DatabaseUnavailable, DatabaseTimeout: Auth does not answer.
        """
        return await self._session(
            "auth.sign_in",
            lambda client: client.sign_in_with_password({"email": email, "password": password}),
            address,
        )

    async def refresh(self, refresh_token: str, address: str | None) -> SignedIn:
        """Return the next session of whoever has this token; it is good once. Raises what sign_in raises."""
        return await self._session("auth.refresh", lambda client: client.refresh_session(refresh_token), address)

    async def _session(
        self, name: str, call: Callable[[AsyncGoTrueClient], Awaitable[AuthResponse]], address: str | None
    ) -> SignedIn:
        # Auth heeds this header from who has the secret key, once the project's settings say so.
        headers = {"Sb-Forwarded-For": address} if address else {}
        try:
            reply = await self._ask(name, call, headers)
        except AuthApiError as error:
            if error.status == 429:
                raise TooMany("too many tries to sign in", _retry_after_s(error)) from error
            if error.code and error.status in (400, 401, 403, 404, 422):
                raise NotAuthenticated(_refusal(str(error.code))) from error
            # Without its message, which may repeat the request.
            raise DatabaseUnavailable(name, f"{error.code or 'no code'} ({error.status})") from error
        session = reply.session
        if session is None or session.expires_at is None:
            raise DatabaseUnavailable(name, "no session in the reply")
        until = datetime.fromtimestamp(session.expires_at, UTC)
        return SignedIn(_user(session.user), session.access_token, session.refresh_token, until)

    async def _ask[T](
        self, name: str, call: Callable[[AsyncGoTrueClient], Awaitable[T]], headers: Mapping[str, str] | None = None
    ) -> T:
        """Call Auth; AuthApiError, its verdict, is for the caller to read."""
        try:
            async with asyncio.timeout(call_timeout_s(self.time_left_s)), library_client() as http:
                client = AsyncGoTrueClient(
                    url=f"{self.url.rstrip('/')}/auth/v1",
                    headers=service_headers(self.key) | dict(headers or {}),
                    auto_refresh_token=False,
                    persist_session=False,
                    http_client=http,
                )
                return await call(client)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise DatabaseTimeout(name, "no answer in time") from error
        except (AuthRetryableError, httpx.HTTPError) as error:
            raise DatabaseUnavailable(name, type(error).__name__) from error
        except AuthApiError:
            raise
        except (AuthError, ValueError) as error:
            # Not a reply of Auth: a page of a gateway before it.
            raise DatabaseUnavailable(name, type(error).__name__) from error


def _user(account: Account) -> User:
    return User(UUID(account.id), account.app_metadata.get("role"), account.email or None)


def _refusal(code: str) -> str:
    if code == "invalid_credentials":
        return "the email or the password is wrong"
    return f"Supabase Auth does not let this user in: {code}"


def _retry_after_s(error: AuthApiError) -> int:
    """What the reply said (RFC 9110, section 10.2.3): the library keeps it in the cause of its error."""
    response = getattr(error.__cause__, "response", None)
    said = response.headers.get("retry-after", "") if isinstance(response, httpx.Response) else ""
    return int(said) if re.fullmatch(r"\d{1,5}", said) else _WAIT_S
