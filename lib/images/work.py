"""How much of an instance images may take: memory for a few, one core.

A function's memory is shared by all it does at the same time, and a thread cannot be stopped. So images are decoded
one after another, in one thread, and only a few are held at a time. Whoever waits too long comes back later.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

IMAGES_AT_A_TIME = 4

# One thread: an attempt that times out leaves its image to be finished there, and the next one waits for that.
_thread = ThreadPoolExecutor(1, thread_name_prefix="images")
# A semaphore belongs to the event loop that first waits on it.
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Busy(Exception):
    """No room for another image came free in time."""


@asynccontextmanager
async def holding_an_image(wait_s: float) -> AsyncIterator[None]:
    """Hold one image in memory meanwhile.

    Raises:
        Busy: others hold theirs for longer than `wait_s`.
    """
    slots = _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(IMAGES_AT_A_TIME))
    try:
        async with asyncio.timeout(wait_s):
            await slots.acquire()
    except TimeoutError:
        raise Busy from None
    try:
        yield
    finally:
        slots.release()


async def in_image_thread[T](work: Callable[[], T]) -> T:
    """Run CPU work off the event loop, after whatever images came before. One that is cancelled while it waits never
    starts."""
    return await asyncio.get_running_loop().run_in_executor(_thread, work)
