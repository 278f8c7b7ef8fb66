"""Whose like it is: a session, by its secret id, or a signed-in user. And how often it may like."""

import hashlib
import hmac
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated

from pydantic import Field

from lib.caller import Caller
from lib.errors import InvalidInput
from lib.model import Text
from lib.resources import Resources
from lib.settings import Settings

MAX_SESSION_CHARACTERS = 128
# A session of a user begins with this, and no other may: so nobody likes in a user's name.
USER_PREFIX = "user:"
# An IPv6 customer has at least this much of the address space (RFC 6177), and may use each address of it.
IPV6_PREFIX = 64

# Of fewer than 16 characters the database takes those that the table has: an adopted app's.
SessionId = Annotated[Text, Field(min_length=1, max_length=MAX_SESSION_CHARACTERS)]


@dataclass(frozen=True, slots=True)
class LikeLimits:
    """The rate limit's arguments of set_like and toggle_like, by the names they have there. 0 is no limit."""

    session_limit: int
    address_limit: int
    address_hash: str | None


async def session_of(given: str | None, resources: Resources, caller: Caller) -> str:
    """Return the session that the request is of: that of its input or its header, else the user whose token it has.

    A token beside a session id is not looked at: clients that send one everywhere go on liking as a session.

    Raises:
        InvalidInput: there is no session, there are two, or it is not one.
        NotAuthenticated: there is no session, and the token is not valid.
    """
    if given is not None and caller.session_id is not None and given != caller.session_id:
        raise InvalidInput("sessionId", "must be the same as in the header x-session-id, or left out")
    session = given if given is not None else caller.session_id
    if session is not None:
        return _checked(session)
    if caller.access_token is None:
        raise InvalidInput(
            "sessionId", "is needed, here or in the header x-session-id; or the access token of a signed-in user"
        )
    return f"{USER_PREFIX}{(await resources.database.auth.get_user(caller.access_token)).id}"


def like_limits(settings: Settings, caller: Caller) -> LikeLimits:
    """Return how often this caller may like. An address that the platform does not tell has no limit."""
    key = settings.supabase_service_role_key.get_secret_value()
    return LikeLimits(
        session_limit=settings.likes_per_minute_per_session,
        address_limit=settings.likes_per_minute_per_address,
        address_hash=None if caller.address is None else address_hash(caller.address, key),
    )


def address_hash(address: str, key: str) -> str:
    """Return a name for the address, which nobody without the key can turn back. One IPv6 /64 has one name."""
    return hmac.new(key.encode(), f"like-address:{_network_of(address)}".encode(), hashlib.sha256).hexdigest()


def _network_of(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, IPV6_PREFIX), strict=False))


def _checked(session: str) -> str:
    """Check a session id of the header by the rule that the models have for one in the input."""
    if not 1 <= len(session) <= MAX_SESSION_CHARACTERS:
        raise InvalidInput("sessionId", f"must have 1 to {MAX_SESSION_CHARACTERS} characters")
    if "\0" in session:
        raise InvalidInput("sessionId", "must not contain U+0000, which Postgres cannot store")
    if session.startswith(USER_PREFIX):
        raise InvalidInput("sessionId", f"must not begin with {USER_PREFIX}, which is for signed-in users")
    return session
