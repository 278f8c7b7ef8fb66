"""One running function: a process of Vercel's runtime that serves many requests at once.

As on the platform, a request that outlives its `maxDuration` is ended by killing the process, with
whatever else it was serving.
"""

import contextlib
import http.client
import signal
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from dev import processes
from dev.errors import StackError
from dev.functions import runtime
from dev.functions.log import FunctionsLog
from dev.functions.messages import HOP_BY_HOP, Reply, Request
from dev.reaper import send

GRACE_SECONDS = 0.5  # between SIGTERM and SIGKILL, as documented for the platform
PING = Request("GET", "/_vercel/ping", [("host", "localhost")])


class CrashedError(Exception):
    """The process ended, or broke the connection, before it had answered."""


class TimedOutError(Exception):
    """The process was killed because this request reached its deadline."""


class Instance:
    """A started function. Raises StackError if it cannot be loaded; the log says why."""

    def __init__(self, code: runtime.Code, env: Mapping[str, str], log: FunctionsLog) -> None:
        self.code, self._log = code, log
        self._changed = threading.Condition()
        self._deadlines: dict[str, float] = {}
        self._timed_out: set[str] = set()
        self._port = 0  # until the runtime listens
        self._over = False  # once the runtime closed its socket: it has ended
        self._ending = threading.Lock()
        self._process, self._connection = runtime.launch(code, env, log.file)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        threading.Thread(target=self._enforce_deadlines, daemon=True).start()
        self._await_start()

    @property
    def alive(self) -> bool:
        """Whether it can take another request."""
        return not self._over

    def invoke(self, request: Request, seconds: float) -> Reply:
        """Pass a request on and return the answer. Raises CrashedError or TimedOutError."""
        invocation = uuid.uuid4().hex
        with self._changed:
            if self._over:
                raise CrashedError
            self._deadlines[invocation] = time.monotonic() + seconds
            self._changed.notify_all()
        try:
            return self._exchange(request, invocation, seconds)
        except (OSError, http.client.HTTPException) as error:
            self.kill()
            if invocation in self._timed_out:
                raise TimedOutError from error
            raise CrashedError from error

    def ping(self) -> None:
        """Have the runtime answer without running the function. Raises CrashedError."""
        self._exchange(PING, "ping", 10)

    def retire(self) -> None:
        """Stop once the requests being served are answered; the caller sends no more."""

        def wait_and_stop() -> None:
            with self._changed:
                self._changed.wait_for(lambda: self._over or not self._deadlines)
            self.stop()

        threading.Thread(target=wait_and_stop, daemon=True).start()

    def terminate(self) -> None:
        """Begin to stop: ask the process to end, without waiting for it."""
        with self._ending:
            if self._process.returncode is None:
                send(self._process.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Stop, by force if it takes longer than the platform allows."""
        self.terminate()
        with self._changed:
            self._changed.wait_for(lambda: self._over, GRACE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process and everything it started, at once."""
        self._end_group()
        self._listener.join()

    def _end_group(self) -> None:
        # Nothing else waits for the process: until then the number of its group is its own, even
        # if it is dead and only what it started still runs.
        with self._ending:
            processes.kill_group(self._process)

    def _await_start(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._port, runtime.START_SECONDS)
        if not self._port:
            self.kill()
            raise StackError(f"{self.code.file} could not be loaded; see {self._log.file}")

    def _listen(self) -> None:
        """Follow the runtime's messages to the end, which is the process's."""
        for kind, payload in runtime.messages(self._connection):
            match kind:
                case "server-started":
                    with self._changed:
                        self._port = payload["httpPort"]
                        self._changed.notify_all()
                case "end":
                    with self._changed:
                        self._deadlines.pop(payload["context"]["invocationId"], None)
                        self._changed.notify_all()
                case "log":
                    self._log.write(runtime.log_text(payload))
                case "unrecoverable-error":
                    self._log.line(f"{self.code.file}: {payload['message']}")
                case _:
                    pass  # handler-started, metrics: nothing to do
        self._connection.close()
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _enforce_deadlines(self) -> None:
        """Kill the process when a request, or its background work, is overdue."""
        with self._changed:
            while not self._over:
                now = time.monotonic()
                overdue = [name for name, end in self._deadlines.items() if end <= now]
                if overdue:
                    self._timed_out.update(overdue)
                    self._log.line(f"{self.code.file}: killed at its maxDuration")
                    self._end_group()
                    return
                nearest = min(self._deadlines.values(), default=None)
                self._changed.wait(None if nearest is None else nearest - now)

    def _exchange(self, request: Request, invocation: str, seconds: float) -> Reply:
        """Send one request over a connection of its own: on a kept one the runtime, which leaves
        Nagle's algorithm on, takes 40 ms longer."""
        deadline = datetime.now(UTC) + timedelta(seconds=seconds)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=seconds + 5)
        with contextlib.closing(connection):
            connection.putrequest(request.method, request.target, True, True)
            for name, value in request.headers:
                connection.putheader(name, value)
            connection.putheader("x-vercel-internal-invocation-id", invocation)
            connection.putheader("x-vercel-internal-request-id", "1")
            written = deadline.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            connection.putheader("x-vercel-internal-deadline", written)
            if request.body or request.method in ("POST", "PUT", "PATCH"):
                connection.putheader("content-length", str(len(request.body)))
            connection.endheaders(request.body or None)
            reply = connection.getresponse()
            body = reply.read()
            kept = [
                (name, value)
                for name, value in reply.getheaders()
                if name.lower() not in HOP_BY_HOP and not name.lower().startswith("x-vercel-internal-")
            ]
            length = reply.getheader("content-length") if request.method == "HEAD" else None
            return Reply(reply.status, kept, body, int(length) if length else None)
