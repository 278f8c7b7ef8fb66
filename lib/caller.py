"""Who calls a service, from where, and for how long the platform waits for the reply."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

type Role = Literal["admin", "viewer"]


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of its sender, besides its input.

    user_id: set where the route asks for a Supabase user.
    operator: how operator_actions names whoever acts; set on the operators' routes. role: admin or viewer, there.
    email: of an operator who signed in.
    access_token: the bearer token as it was sent, on routes where it is optional. Nobody has checked it.
    session_id: the one that a header carried, as it was sent.
    address: the client's address, as the platform says; None where it does not.
    deadline_in_s: seconds until the platform ends the invocation; None where it does not say.
    """

    user_id: UUID | None = None
    operator: str | None = None
    role: Role | None = None
    email: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    session_id: str | None = field(default=None, repr=False)
    address: str | None = None
    deadline_in_s: float | None = None


def operators_role(written: object) -> Role | None:
    """What app_metadata.role makes of a user; nothing but the two words counts, exactly as they are written."""
    match written:
        case "admin" | "viewer":
            return written
        case _:
            return None
