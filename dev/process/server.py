"""The life of a server: started, found ready, stopped, killed, and started again on the same port."""

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from dev.errors import StackError
from dev.process import ports
from dev.process.spawn import kill_group, stop, tail

START_ATTEMPTS = 5
START_SECONDS = 30.0
POLL_SECONDS = 0.005


class Server(ABC):
    """A server process on 127.0.0.1. Once started it keeps its port, so that clients can reconnect."""

    name: ClassVar[str]
    """What messages call it."""
    port_variable: ClassVar[str]
    """The environment variable that chooses its port."""
    port_taken: ClassVar[str]
    """What its log says when another program was faster in taking the port."""
    stop_signal: ClassVar[int]
    stop_seconds: ClassVar[float] = 5.0

    def __init__(self, log: Path, port: int | None) -> None:
        self.log = log
        self._given_port = port
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Its port. Raises StackError before the first start."""
        if self._port is None:
            raise StackError(f"{self.name} was not started yet")
        return self._port

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers. Raises StackError with the end of its log."""
        if self.running:
            return
        if self._port is None:
            self.log.unlink(missing_ok=True)
        fixed = self._given_port or self._port
        for attempt in range(1, START_ATTEMPTS + 1):
            port = ports.free(fixed, self.port_variable)
            try:
                self._start_on(port)
            except StackError:
                taken = self.port_taken in tail(self.log)
                if fixed or attempt == START_ATTEMPTS or not taken:
                    raise
            else:
                return

    def stop(self) -> None:
        """Stop it in order, by force if that takes too long."""
        process, self._process = self._process, None
        if process is not None:
            stop(process, self.stop_signal, self.stop_seconds)

    def kill(self) -> None:
        """Kill it at once, as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            kill_group(process)

    @abstractmethod
    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        """Start the process."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Tell whether the process answers on its port."""

    def _start_on(self, port: int) -> None:
        before, self._port = self._port, port
        process = self._process = self._launch(port)
        deadline = time.monotonic() + START_SECONDS
        try:
            while not self._is_ready():
                ended = process.poll()
                if ended is not None or time.monotonic() > deadline:
                    reason = f"ended with {ended}" if ended is not None else f"not ready in {START_SECONDS:g} s"
                    raise StackError(f"{self.name} did not start ({reason}); the end of {self.log}:\n{tail(self.log)}")
                time.sleep(POLL_SECONDS)
        except BaseException:
            self.stop()
            self._port = before
            raise
