"""Working on one image, from its URL to what is made of it, within what an instance has: little memory and one core.

A function's memory is shared by all it does at the same time, and a thread cannot be stopped. So only a few images
are held at a time, and they are decoded one after another, in one thread. Whoever's turn does not come in time comes
back later.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from weakref import WeakKeyDictionary

from lib.images.fetching import fetch_image
from lib.outside import AllowedHosts

IMAGES_AT_A_TIME = 4
# What must be left of the caller's time to begin decoding. The largest images take 2 s.
TO_DECODE_S = 2.5
# The same to begin fetching after a wait: a host has two seconds to answer, however long the others took. With less,
# waiting would be the host's failure, and cost an attempt.
TO_FETCH_S = 2.0 + TO_DECODE_S

# One thread: an attempt that times out leaves its image to be finished there, and the next one waits for that.
_thread = ThreadPoolExecutor(1, thread_name_prefix="images")
# A semaphore belongs to the event loop that first waits on it.
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Busy(Exception):
    """Other images took too long for this one's turn to come in time."""


async def work_on_image[T](
    url: str, hosts: AllowedHosts, work: Callable[[bytes], T], remaining_s: Callable[[], float]
) -> T:
    """Fetch the image and return what `work` makes of its bytes, in the image thread.

    Raises:
        Busy: nothing happened for want of a place, or of time.
        PermanentFailure, JobFailure: see fetch_image; and what `work` raises.
    """
    async with _place(remaining_s() - TO_FETCH_S):
        data = await fetch_image(url, hosts, remaining_s() - TO_DECODE_S)
        return await _in_image_thread(partial(work, data), remaining_s() - TO_DECODE_S)


@asynccontextmanager
async def _place(wait_s: float) -> AsyncIterator[None]:
    """Be one of the few who hold an image."""
    places = _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(IMAGES_AT_A_TIME))
    try:
        async with asyncio.timeout(max(0.0, wait_s)):
            await places.acquire()
    except TimeoutError:
        raise Busy from None
    try:
        yield
    finally:
        places.release()


async def _in_image_thread[T](work: Callable[[], T], wait_s: float) -> T:
    """Run it after whatever images came before. Cancelled while it waits, it never starts."""
    future = _thread.submit(work)
    result = asyncio.wrap_future(future)
    try:
        await asyncio.wait({result}, timeout=max(0.0, wait_s))
        if not result.done() and future.cancel():  # only what has not started can be cancelled
            raise Busy
        return await result
    finally:
        future.cancel()
