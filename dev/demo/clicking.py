"""Many sessions that click on posts at once: what each wishes, what it sends, what it must come to."""

import asyncio
import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

type Wish = Literal["click", "double click", "like, twice", "change of mind"]

POSTS_PER_SESSION = 4
SEED = 20
TIMEOUT_S = 20
SAY_EVERY_S = 5.0
# On a busy machine, sessions wish for nothing new after so long.
LONGEST_S = 25.0
# Before a session asks again: a call that was given up may still be under way.
PAUSE_S = 1.0
MAX_TRIES = 10
# Whether the session likes the post in the end. Two clicks undo one another, whichever comes first.
LIKED_IN_THE_END: dict[Wish, bool] = {
    "click": True,
    "double click": False,
    "like, twice": True,
    "change of mind": False,
}
KINDS: list[Wish] = ["click", "click", "double click", "like, twice", "change of mind"]


@dataclass(frozen=True, slots=True)
class Rating:
    """A session's wish about a post."""

    post: UUID
    session: str
    wish: Wish


@dataclass(slots=True)
class Clicks:
    """What was sent: how long each answer took in milliseconds, which statuses came, what was asked for again."""

    milliseconds: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    wanted: Counter[UUID] = field(default_factory=Counter)
    asked_again: int = 0
    seconds: float = 0.0


class Browsers:
    """Up to so many requests at a time, each over one of as many kept connections."""

    def __init__(self, url: str, connections: int) -> None:
        self._host = urlsplit(url).netloc
        self._threads = ThreadPoolExecutor(connections)
        self._mine = threading.local()

    async def send(self, method: str, body: dict[str, object]) -> tuple[int, float]:
        """Send a rating. Returns the status, 0 when there was no answer, and the milliseconds that it took."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, method, body)

    def _send(self, method: str, body: dict[str, object]) -> tuple[int, float]:
        started = time.perf_counter()
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        try:
            if connection is None:
                connection = self._mine.connection = http.client.HTTPConnection(self._host, timeout=TIMEOUT_S)
            connection.request(method, "/api/ratings", json.dumps(body), {"content-type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            status = reply.status
        except (OSError, http.client.HTTPException):
            self._mine.connection, status = None, 0
        return status, (time.perf_counter() - started) * 1000

    def close(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown()


def plan(posts: Sequence[UUID], sessions: int) -> list[list[Rating]]:
    """What each session will do: the same in every demo."""
    chance = random.Random(SEED)
    return [
        [
            Rating(post, f"demo-session-{n:08d}", chance.choice(KINDS))
            for post in chance.sample(posts, POSTS_PER_SESSION)
        ]
        for n in range(sessions)
    ]


class Crowd:
    """The sessions, all at once. `clicks` grows meanwhile."""

    def __init__(self, browsers: Browsers) -> None:
        self._browsers = browsers
        self._unanswered: list[Rating] = []
        self._started = time.perf_counter()
        self.clicks = Clicks()

    async def click(self, plans: Sequence[Sequence[Rating]], say: Callable[[str], None]) -> Clicks:
        """Let every session do what it will, and those that had no answer ask again."""
        clicks = self.clicks
        reporting = asyncio.ensure_future(self._report(say))
        await asyncio.gather(*(self._use(ratings) for ratings in plans))
        clicks.seconds = time.perf_counter() - self._started
        clicks.asked_again = len(self._unanswered)
        await asyncio.gather(*(self._ask_again(rating) for rating in self._unanswered))
        reporting.cancel()
        return clicks

    async def _use(self, ratings: Sequence[Rating]) -> None:
        for rating in ratings:
            if time.perf_counter() - self._started > LONGEST_S:
                return
            self.clicks.wanted[rating.post] += LIKED_IN_THE_END[rating.wish]
            if not all(await self._fulfil(rating)):
                self._unanswered.append(rating)

    async def _fulfil(self, rating: Rating) -> Sequence[bool]:
        match rating.wish:
            case "click":
                return [await self._send(rating)]
            case "double click":
                return await asyncio.gather(self._send(rating), self._send(rating))
            case "like, twice":
                return await asyncio.gather(self._send(rating, liked=True), self._send(rating, liked=True))
            case "change of mind":
                return [await self._send(rating, liked=True), await self._send(rating, liked=False)]

    async def _ask_again(self, rating: Rating) -> None:
        """Say what is wanted: setting a like is safe to repeat; a toggle whose answer is missing is not."""
        for _ in range(MAX_TRIES):
            await asyncio.sleep(PAUSE_S)
            if await self._send(rating, liked=LIKED_IN_THE_END[rating.wish]):
                return

    async def _send(self, rating: Rating, liked: bool | None = None) -> bool:
        """Set a like, or toggle it. Returns whether it was answered as it should be."""
        body: dict[str, object] = {"postId": str(rating.post), "sessionId": rating.session}
        if liked is None:
            status, took = await self._browsers.send("POST", body)
        else:
            status, took = await self._browsers.send("PUT", body | {"liked": liked})
        self.clicks.milliseconds.append(took)
        self.clicks.answers[status] += 1
        return status == 200

    async def _report(self, say: Callable[[str], None]) -> None:
        while True:
            await asyncio.sleep(SAY_EVERY_S)
            say(f"{len(self.clicks.milliseconds):,} requests so far")
