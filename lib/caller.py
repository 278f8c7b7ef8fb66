"""Who calls a service, from where, and for how long the platform waits for the reply."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of its sender, besides its input.

    user_id: set where the route asks for a Supabase user.
    access_token: the bearer token as it was sent, on routes where it is optional. Nobody has checked it.
    session_id: the one that a header carried, as it was sent.
    address: the client's address, as the platform says; None where it does not.
    deadline_in_s: seconds until the platform ends the invocation; None where it does not say.
    """

    user_id: UUID | None = None
    access_token: str | None = field(default=None, repr=False)
    session_id: str | None = field(default=None, repr=False)
    address: str | None = None
    deadline_in_s: float | None = None
