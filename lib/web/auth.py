"""Who may call a route. An authenticator takes the request's token and returns the caller, or raises.

No environment bypasses it: a secret that is unset or too short refuses everyone.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import SecretStr

from lib.caller import Caller
from lib.errors import Misconfigured, NotAllowed, NotAuthenticated
from lib.logs import log_event
from lib.resources import Resources
from lib.settings import Settings

MIN_SECRET_CHARACTERS = 16

type SecretName = Literal["cron_secret", "queue_api_token", "admin_api_token"]


type Authenticate = Callable[[str | None, Resources], Awaitable[Caller]]


async def anyone(_token: str | None, _: Resources) -> Caller:
    """Let everyone in."""
    return Caller()


async def anyone_with_a_token(token: str | None, _: Resources) -> Caller:
    """Let everyone in, and pass the token on to the service, which looks at it only where it needs it."""
    return Caller(access_token=token)


def bearer(secret_name: SecretName) -> Authenticate:
    """Let in who sends `Authorization: Bearer <the secret>` (RFC 6750, section 2.1)."""

    async def authenticate(token: str | None, resources: Resources) -> Caller:
        if not _matches(token, _secret(resources.settings, secret_name)):
            raise NotAuthenticated("the bearer token is missing or wrong")
        return Caller()

    return authenticate


async def user(token: str | None, resources: Resources) -> Caller:
    """Let in a Supabase user, by the access token that Supabase Auth gave them."""
    if not token:
        raise NotAuthenticated("the access token is missing")
    return Caller(user_id=(await resources.database.auth.get_user(token)).id)


async def admin(token: str | None, resources: Resources) -> Caller:
    """Let in the admin token, or a Supabase user whose app_metadata.role is admin."""
    secret = _secret(resources.settings, "admin_api_token")
    if not token:
        raise NotAuthenticated("the bearer token is missing")
    if _matches(token, secret):
        return Caller()
    account = await resources.database.auth.get_user(token)
    if account.role != "admin":
        raise NotAllowed("this needs the role admin")
    return Caller(user_id=account.id)


def _secret(settings: Settings, name: SecretName) -> bytes:
    secret: SecretStr | None = getattr(settings, name)
    value = secret.get_secret_value() if secret else ""
    if len(value) < MIN_SECRET_CHARACTERS:
        log_event("auth.refuses_everyone", level=logging.ERROR, variable=name.upper())
        raise Misconfigured((name.upper(),), f"not set, or shorter than {MIN_SECRET_CHARACTERS} characters")
    return value.encode()


def _matches(token: str | None, secret: bytes) -> bool:
    """Compare bytes, in constant time: text with other than ASCII would make compare_digest raise. Headers are read
    as Latin-1 (RFC 9110, section 5.5), which gives back the bytes that were sent."""
    return token is not None and secrets.compare_digest(token.encode("latin-1", "replace"), secret)
