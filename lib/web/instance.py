"""What an instance of a function keeps between invocations: one HTTP client, one database client.

Made at the first request and again when the event loop is another one, because connections belong to a loop.
"""

import asyncio
import os
from dataclasses import dataclass

import httpx

from lib.connections import supabase_transport
from lib.database import CALL_TIMEOUT_S, Database
from lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Instance:
    """Shared by the concurrent requests of one process."""

    settings: Settings
    http: httpx.AsyncClient
    database: Database


_current: tuple[asyncio.AbstractEventLoop, Instance] | None = None


def instance() -> Instance:
    """This process's instance.

    Raises:
        Misconfigured: the environment lacks something.
    """
    global _current  # noqa: PLW0603 - one per process is what it is
    loop = asyncio.get_running_loop()
    if _current is None or _current[0] is not loop:
        settings = Settings.load(os.environ)
        http = httpx.AsyncClient(timeout=CALL_TIMEOUT_S, transport=supabase_transport())
        database = Database(settings.supabase_url, settings.supabase_service_role_key.get_secret_value(), http)
        _current = (loop, Instance(settings, http, database))
    return _current[1]


async def close_instance() -> None:
    """Close the connections, when the process stops."""
    global _current
    if _current is not None:
        kept, _current = _current[1], None
        await kept.http.aclose()
