"""What a service gets besides its request: who calls, and the doors to the outside."""

from dataclasses import dataclass
from uuid import UUID

import httpx

from lib.database import Database
from lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a service. `user_id` is set where the route asks for a Supabase user; `deadline_in_s` is the time
    until the platform's kill, None if unknown."""

    settings: Settings
    database: Database
    http: httpx.AsyncClient
    user_id: UUID | None = None
    deadline_in_s: float | None = None
