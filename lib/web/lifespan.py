"""What an instance of a function keeps between invocations: its resources.

They are opened at the first request, and again when the event loop is another one: connections belong to a loop.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from lib.resources import Resources
from lib.settings import Settings

_current: tuple[asyncio.AbstractEventLoop, Resources] | None = None


def current_resources() -> Resources:
    """Return this process's resources.

    Raises:
        Misconfigured: the environment lacks something.
    """
    global _current  # noqa: PLW0603 - one per process is what it is
    loop = asyncio.get_running_loop()
    if _current is None or _current[0] is not loop:
        _current = (loop, Resources.open(Settings.load(os.environ)))
    return _current[1]


async def close_resources() -> None:
    """Close the connections, when the process stops."""
    global _current
    if _current is not None:
        kept, _current = _current[1], None
        await kept.aclose()


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Close what was opened, at the end. Nothing is opened at the start: a bad variable must not stop the process."""
    yield
    await close_resources()
