"""Who calls a service, and for how long the platform waits for the reply."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """user_id: set where the route asks for a Supabase user. deadline_in_s: seconds until the platform ends the
    invocation; None where it does not say."""

    user_id: UUID | None = None
    deadline_in_s: float | None = None
