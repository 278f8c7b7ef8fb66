"""Who may call a route. An authenticator takes the request's token and returns the caller, or raises.

No environment bypasses it: a secret that is unset or too short refuses everyone.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import SecretStr

from lib.caller import Caller, operators_role
from lib.errors import Misconfigured, NotAllowed, NotAuthenticated
from lib.logs import log_event
from lib.resources import Resources
from lib.settings import Settings

MIN_SECRET_CHARACTERS = 16

type SecretName = Literal["cron_secret", "queue_api_token", "admin_api_token", "viewer_api_token"]

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
        if not _matches(token, _accepted(resources.settings, secret_name)):
            raise NotAuthenticated("the bearer token is missing or wrong")
        return Caller()

    authenticate.__name__ = secret_name  # the description of the API names it
    return authenticate


async def user(token: str | None, resources: Resources) -> Caller:
    """Let in a Supabase user, by the access token that Supabase Auth gave them."""
    if not token:
        raise NotAuthenticated("the access token is missing")
    return Caller(user_id=(await resources.database.auth.get_user(token)).id)


async def admin(token: str | None, resources: Resources) -> Caller:
    """Let in who may change things: the admin token, or a Supabase user whose app_metadata.role is admin."""
    caller = await _operator(token, resources)
    if caller.role != "admin":
        raise NotAllowed("this needs the role admin")
    return caller


async def viewer(token: str | None, resources: Resources) -> Caller:
    """Let in who may look: whoever `admin` lets in, the viewer token, or a user whose app_metadata.role is viewer."""
    caller = await _operator(token, resources)
    if caller.role is None:
        raise NotAllowed("this needs the role viewer or admin")
    return caller


async def _operator(token: str | None, resources: Resources) -> Caller:
    """Who it is; without a role where they have none. The admin token must be set. The viewer token is optional: unset,
    nobody has it."""
    admins = _accepted(resources.settings, "admin_api_token")
    viewers = _accepted(resources.settings, "viewer_api_token", optional=True)
    if not token:
        raise NotAuthenticated("the bearer token is missing")
    is_admin, is_viewer = _matches(token, admins), _matches(token, viewers)
    if is_admin:
        return Caller(operator="admin token", role="admin")
    if is_viewer:
        return Caller(operator="viewer token", role="viewer")
    account = await resources.database.auth.get_user(token)
    return Caller(
        user_id=account.id, operator=f"user {account.id}", role=operators_role(account.role), email=account.email
    )


def _accepted(settings: Settings, name: SecretName, *, optional: bool = False) -> tuple[bytes, ...]:
    """The values that are accepted for a secret: the present one and, while it is rotated, the previous one.

    A value that is too short is accepted from nobody, and the log names its variable.

    Raises:
        Misconfigured: the present value of a secret that is not optional is unset or too short.
    """
    present, previous = _long_enough(settings, name), _long_enough(settings, f"{name}_previous")
    if present is None and not optional:
        log_event("auth.refuses_everyone", level=logging.ERROR, variable=name.upper())
        raise Misconfigured((name.upper(),), f"not set, or shorter than {MIN_SECRET_CHARACTERS} characters")
    return tuple(value for value in (present, previous) if value is not None)


def _long_enough(settings: Settings, name: str) -> bytes | None:
    secret: SecretStr | None = getattr(settings, name)
    value = secret.get_secret_value() if secret else ""
    if value and len(value) < MIN_SECRET_CHARACTERS:
        log_event("auth.secret_too_short", level=logging.ERROR, variable=name.upper())
    return value.encode() if len(value) >= MIN_SECRET_CHARACTERS else None


def _matches(token: str | None, accepted: tuple[bytes, ...]) -> bool:
    """Compare bytes, in constant time: text with other than ASCII would make compare_digest raise. Headers are read
    as Latin-1 (RFC 9110, section 5.5), which gives back the bytes that were sent."""
    if token is None:
        return False
    given = token.encode("latin-1", "replace")
    matches = False
    for value in accepted:
        # Each is compared, also after one that fits: the time tells nothing about which of them it was.
        matches |= secrets.compare_digest(given, value)
    return matches
