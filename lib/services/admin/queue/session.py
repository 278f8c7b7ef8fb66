"""Who an operator is, and signing in as a Supabase user.

The server signs in, so that the operators' page needs no key and no other origin. It keeps nothing: the tokens are the
page's.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr

from lib.caller import Caller, Role, operators_role
from lib.errors import NotAllowed
from lib.model import Model, NoInput, Text
from lib.resources import Resources
from lib.version import VERSION


def _sendable(value: SecretStr) -> SecretStr:
    """Refuse what UTF-8 cannot say: half of a surrogate pair."""
    try:
        value.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("must be text that UTF-8 can say") from None
    return value


Secret = Annotated[SecretStr, AfterValidator(_sendable)]


class Session(Model):
    """Who is asking, what they may do, and what they are shown. email: of a user; null for a token."""

    role: Role
    operator: str
    email: str | None
    payloads_hidden: bool
    version: str


class PasswordSignIn(Model):
    """By email and password."""

    email: Text = Field(min_length=3, max_length=320)
    password: Secret = Field(min_length=1, max_length=1000)


class TokenRefresh(Model):
    """By the refresh token of the last session, which is good once."""

    refresh_token: Secret = Field(min_length=1, max_length=4096)


class SignedInSession(Model):
    """The tokens of a session. The access token is good until expires_at; the refresh token gives the next session."""

    access_token: str
    refresh_token: str
    expires_at: datetime


def read_sign_in(body: Any) -> PasswordSignIn | TokenRefresh:
    """{"email", "password"} or {"refreshToken"}.

    Raises:
        pydantic.ValidationError: a field breaks a rule.
    """
    if isinstance(body, dict) and ("refreshToken" in body or "refresh_token" in body):
        return TokenRefresh.model_validate(body)
    return PasswordSignIn.model_validate(body)


async def read_session(_input: NoInput, resources: Resources, caller: Caller) -> Session:
    """Return who is asking."""
    if caller.role is None or caller.operator is None:
        raise NotAllowed("this needs the role viewer or admin")
    return Session(
        role=caller.role,
        operator=caller.operator,
        email=caller.email,
        payloads_hidden=resources.settings.dashboard_hide_payloads,
        version=VERSION,
    )


async def sign_in(request: PasswordSignIn | TokenRefresh, resources: Resources, caller: Caller) -> SignedInSession:
    """Sign in through Supabase Auth.

    Raises:
        NotAuthenticated: Auth does not let this user in.
        NotAllowed: the user is neither admin nor viewer.
        TooMany: more tries than Auth allows.
    """
    auth = resources.database.auth
    if isinstance(request, TokenRefresh):
        signed_in = await auth.refresh(request.refresh_token.get_secret_value(), caller.address)
    else:
        signed_in = await auth.sign_in(request.email, request.password.get_secret_value(), caller.address)
    if operators_role(signed_in.user.role) is None:
        raise NotAllowed("this needs the role viewer or admin")
    return SignedInSession(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_at=signed_in.expires_at,
    )
