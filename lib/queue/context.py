"""What a handler may use besides its request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database import Database
from lib.outside import Outside
from lib.queue.follow_ups import FollowUps
from lib.queue.job import Job
from lib.resources import Resources
from lib.settings import Settings

if TYPE_CHECKING:  # it takes long to import, and few jobs store files
    from lib.database.storage import Storage


@dataclass(frozen=True, slots=True)
class JobContext:
    """The jobs being worked on, the time that is left, and the doors to the outside.

    Calls of `database` and `storage` end within the time that the attempt has left. `follow_ups` takes what is left to
    tell others, which no job waits for.
    """

    jobs: tuple[Job, ...]
    resources: Resources
    remaining_s: Callable[[], float]
    follow_ups: FollowUps

    @property
    def job(self) -> Job:
        """The job of a single handler."""
        return self.jobs[0]

    @property
    def database(self) -> Database:
        """The project's database functions."""
        return self.resources.database

    @property
    def storage(self) -> "Storage":
        """Supabase Storage."""
        return self.resources.database.storage

    @property
    def outside(self) -> Outside:
        """Strangers' URLs: images, pushes, and a client for any other."""
        return self.resources.outside

    @property
    def settings(self) -> Settings:
        """The environment."""
        return self.resources.settings
