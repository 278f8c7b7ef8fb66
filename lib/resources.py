"""What services, the worker and handlers work with: settings and the doors to the outside. Made once per instance."""

from dataclasses import dataclass, replace

from lib.database import Connections, Database, StorageCalls, TimeLeft
from lib.outside import Outside
from lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Resources:
    """Shared by the concurrent requests of one process."""

    settings: Settings
    database: Database
    outside: Outside

    @classmethod
    def open(cls, settings: Settings) -> "Resources":
        """Open the connections. They belong to the event loop that runs; close them with `aclose`."""
        key = settings.supabase_service_role_key.get_secret_value()
        return cls(settings, Database(settings.supabase_url, key, Connections()), Outside.of(settings))

    def within(self, time_left_s: TimeLeft) -> "Resources":
        """Return the same resources, with calls that end within this time."""
        return replace(self, database=self.database.within(time_left_s))

    def counting(self, storage_calls: StorageCalls) -> "Resources":
        """Return the same resources, with uploads that are counted there."""
        return replace(self, database=self.database.counting(storage_calls))

    async def aclose(self) -> None:
        """Close the connections, and end what was started."""
        await self.outside.aclose()
        await self.database.transport.aclose()
