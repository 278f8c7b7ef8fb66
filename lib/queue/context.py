"""What a handler may use besides its request."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from lib.database import Database, Storage
from lib.queue.job import Job
from lib.settings import Settings


@dataclass(frozen=True, slots=True)
class JobContext:
    """The jobs being worked on, the time that is left, and the doors to the outside."""

    jobs: tuple[Job, ...]
    database: Database
    http: httpx.AsyncClient
    settings: Settings
    remaining_s: Callable[[], float]

    @property
    def job(self) -> Job:
        """The job of a single handler."""
        return self.jobs[0]

    @property
    def storage(self) -> Storage:
        """Supabase Storage."""
        return self.database.storage
