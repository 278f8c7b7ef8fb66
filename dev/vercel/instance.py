"""One running function: a process of Vercel's runtime that serves many requests at once.

As on the platform, a request that outlives its `maxDuration` is ended by killing the process, with
whatever else it was serving.
"""

import asyncio
import contextlib
import http.client
import signal
import time
import uuid
from collections.abc import Coroutine, Mapping
from typing import Any, Self

import anyio

from dev.errors import StackError
from dev.process import reaper
from dev.process.spawn import kill_group
from dev.vercel import runtime
from dev.vercel.calls import PING, Call, Reply, send
from dev.vercel.log import FunctionsLog

START_SECONDS = 30.0
GRACE_SECONDS = 0.5  # between SIGTERM and SIGKILL, as documented for the platform


class CrashedError(Exception):
    """The process ended, or broke the connection, before it had answered."""


class TimedOutError(Exception):
    """The process was killed because this request reached its deadline."""


class Instance:
    """A started function, made by `start`. Belongs to one event loop."""

    def __init__(self, code: runtime.Code, env: Mapping[str, str], log: FunctionsLog) -> None:
        self.code, self._env, self._log = code, env, log
        self._port = 0  # until the runtime listens
        self._changed = asyncio.Event()  # it listens, or is over
        self._over = asyncio.Event()  # the runtime closed its socket: it has ended
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._idle = asyncio.Event()  # no invocation is under way
        self._idle.set()
        self._timed_out: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = anyio.CapacityLimiter(1000)

    @classmethod
    async def start(cls, code: runtime.Code, env: Mapping[str, str], log: FunctionsLog) -> Self:
        """Start the process and wait until it listens. Raises StackError if it cannot be loaded; the log says why."""
        instance = cls(code, env, log)
        await instance._launch()
        return instance

    @property
    def alive(self) -> bool:
        """Whether it can take another request."""
        return not self._over.is_set()

    async def invoke(self, call: Call, seconds: float) -> Reply:
        """Pass a request on and return the answer. Raises CrashedError or TimedOutError."""
        invocation = uuid.uuid4().hex
        if not self.alive:
            raise CrashedError
        # Until the runtime says that the invocation has ended, which may be after the answer.
        loop = asyncio.get_running_loop()
        self._idle.clear()
        self._timers[invocation] = loop.call_later(seconds, self._time_out, invocation)
        try:
            return await self._exchange(call, invocation, seconds)
        except (OSError, http.client.HTTPException) as error:
            await self.kill()
            raise (TimedOutError if invocation in self._timed_out else CrashedError) from error

    async def ping(self) -> None:
        """Have the runtime answer without running the function. Raises CrashedError."""
        try:
            await self._exchange(PING, "ping", 10)
        except (OSError, http.client.HTTPException) as error:
            raise CrashedError from error

    def retire(self) -> None:
        """Stop once the requests being served are answered. The caller sends no more."""

        async def wait_and_stop() -> None:
            await self._idle.wait()
            await self.stop()

        self._begin(wait_and_stop())

    def terminate(self) -> None:
        """Begin to stop: ask the process to end, without waiting for it."""
        if self._process.returncode is None:
            reaper.send(self._process.pid, signal.SIGTERM)

    async def stop(self) -> None:
        """Stop, by force if it takes longer than the platform allows."""
        self.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), GRACE_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        """End the process and everything it started, at once."""
        kill_group(self._process)
        if self._port:
            await self._over.wait()

    async def _launch(self) -> None:
        with runtime.socket_path() as ipc:
            listener = await asyncio.start_unix_server(self._follow, ipc, limit=runtime.LONGEST_MESSAGE_BYTES)
            self._process = runtime.launch(self.code, self._env, self._log.file, ipc)
            deadline = time.monotonic() + START_SECONDS
            while not self._changed.is_set() and self._process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.05)
            listener.close()
        if not self._port:
            await self.kill()
            raise StackError(f"{self.code.file} could not be loaded; see {self._log.file}")

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Heed the runtime's messages to the end, which is the process's."""
        async for kind, payload in runtime.messages(reader):
            match kind:
                case "server-started":
                    self._port = payload["httpPort"]
                    self._changed.set()
                case "end":
                    if timer := self._timers.pop(payload["context"]["invocationId"], None):
                        timer.cancel()
                    if not self._timers:
                        self._idle.set()
                case "log":
                    self._log.write(runtime.log_text(payload))
                case "unrecoverable-error":
                    self._log.line(f"{self.code.file}: {payload['message']}")
                case _:
                    pass  # handler-started, metrics: nothing to do
        writer.close()
        for timer in self._timers.values():
            timer.cancel()
        self._over.set()
        self._idle.set()
        self._changed.set()

    def _time_out(self, invocation: str) -> None:
        """Kill the process because a request, or its background work, is overdue."""
        self._timed_out.add(invocation)
        self._log.line(f"{self.code.file}: killed at its maxDuration")
        self._begin(self.kill())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _exchange(self, call: Call, invocation: str, seconds: float) -> Reply:
        return await anyio.to_thread.run_sync(send, self._port, call, invocation, seconds, limiter=self._threads)
