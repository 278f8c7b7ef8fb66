"""From an image's URL to what is made of it, within what an instance has: little memory, and little time.

A few images are held at a time, and one is decoded. A caller whose turn does not come in time gets NoTurn, and the
attempt does not count.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from lib.logs import log_event
from lib.outside.http import Resolve
from lib.outside.images.fetching import fetch_image
from lib.outside.images.places import ImagePlaces
from lib.outside.images.process import PictureProcess
from lib.outside.verdicts import Never, NoTurn, Verdict
from lib.pictures.messages import Box, Copy, Rendition, sizes_to_json

IMAGES_AT_A_TIME = 3
# What the caller needs afterwards, to store what was made.
TO_STORE_S = 0.5
# What must be left of the caller's time to begin decoding: 2 s of CPU time, and to store.
TO_DECODE_S = 2.0 + TO_STORE_S
# The same to begin fetching after a wait: a host always has two seconds to answer. With less time left it would be
# blamed for the wait, and that would cost an attempt.
TO_FETCH_S = 2.0 + TO_DECODE_S

_OTHERS = NoTurn("other images are being worked on")


@dataclass(frozen=True, slots=True)
class Images:
    """Makes things of images that strangers link to."""

    places: ImagePlaces
    resolve: Resolve
    process: PictureProcess = field(default_factory=PictureProcess)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IMAGES_AT_A_TIME))

    async def render(self, image: str, remaining_s: Callable[[], float]) -> Rendition | Verdict:
        """The image's stored form. remaining_s: what is left of the caller's time."""
        answer = await self._work(image, {"make": "rendition"}, remaining_s)
        if not isinstance(answer, tuple):
            return answer
        match answer:
            case [[made], [webp, jpeg]]:
                return Rendition(made.width, made.height, made.blurhash, webp=webp, jpeg=jpeg)
            case _:
                return _NONSENSE

    async def make_copies(
        self, image: str, sizes: Sequence[int | Box], remaining_s: Callable[[], float]
    ) -> list[Copy] | Verdict:
        """Smaller copies, one for each size: a number is a square cut from the middle, a box holds the whole image."""
        answer = await self._work(image, {"make": "copies", "sizes": sizes_to_json(sizes)}, remaining_s)
        if not isinstance(answer, tuple):
            return answer
        made, files = answer
        if not len(made) == len(files) == len(sizes):
            return _NONSENSE
        return [Copy(each.width, each.height, webp) for each, webp in zip(made, files, strict=True)]

    async def _work(
        self, image: str, request: Mapping[str, Any], remaining_s: Callable[[], float]
    ) -> tuple[Sequence[Any], list[bytes]] | Verdict:
        async with _turn(self.turns, remaining_s() - TO_FETCH_S) as held:
            if not held:
                return _OTHERS
            data = await fetch_image(image, self.places, remaining_s() - TO_DECODE_S, self.resolve)
            if not isinstance(data, bytearray):
                return data
            async with _turn(self.process.turn, remaining_s() - TO_DECODE_S) as free:
                if not free:
                    return _OTHERS
                answer = await self.process.make(request, data, remaining_s() - TO_STORE_S)
        if not isinstance(answer, tuple):
            return answer
        head, files = answer
        if head.warnings:
            log_event("image.odd", warnings=head.warnings)
        return Never(head.refused) if head.refused is not None else (head.made, files)


_NONSENSE = Never("the image made its decoder answer nonsense")


@asynccontextmanager
async def _turn(turns: asyncio.Lock | asyncio.Semaphore, wait_s: float) -> AsyncIterator[bool]:
    """Whether the caller's turn came in that time."""
    try:
        async with asyncio.timeout(max(0.0, wait_s)):
            await turns.acquire()
    except TimeoutError:
        yield False
        return
    try:
        yield True
    finally:
        turns.release()
