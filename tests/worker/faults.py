"""A network that can be broken: between the database client and its real connections."""

import time
from collections import Counter
from collections.abc import Callable, Mapping

from lib.database import Reply, Transport, Unreachable


class Faults:
    """A transport that passes requests on, except as told. `calls` counts the calls of each function that arrived."""

    def __init__(self, real: Transport) -> None:
        self._real = real
        self._lost: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._down_until = 0.0
        self.calls: Counter[str] = Counter()
        self.after: Callable[[str], None] = lambda _: None

    def lose_reply(self, function: str, times: int = 1) -> None:
        """Let the next calls of a function take effect, and lose what it answers."""
        self._lost[function] += times

    def refuse(self, *functions: str, times: int = 1_000_000) -> None:
        """Let the next calls of these functions not arrive."""
        self._refused.update(dict.fromkeys(functions, times))

    def be_down(self, seconds: float = 1e9) -> None:
        """Let nothing arrive for so long."""
        self._down_until = time.monotonic() + seconds

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Pass one request on."""
        function = url.rpartition("/")[2]
        if time.monotonic() < self._down_until or self._refused[function] > 0:
            self._refused[function] -= 1
            raise Unreachable("refused by the test")
        self.calls[function] += 1
        reply = await self._real.post(url, headers, body)
        self.after(function)
        if self._lost[function] > 0:
            self._lost[function] -= 1
            raise Unreachable("lost by the test")
        return reply

    async def aclose(self) -> None:
        """Close the connections."""
        await self._real.aclose()
