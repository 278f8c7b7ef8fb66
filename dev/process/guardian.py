"""Registers what must not outlive this Python process. `reaper.py` is the helper that acts on it.

Linux's parent-death signal does not serve: it is sent when the *thread* that started the process
ends, and it is cleared when the user changes (Postgres as `nobody`). macOS has no such signal.
"""

import atexit
import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path

_SCRIPT = Path(__file__).with_name("reaper.py")


class Guardian:
    """One helper process, started when the first thing is registered. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def watch(self, target: int, signum: int) -> None:
        """Have `target` sent `signum`, then SIGKILL, if this process ends without `forget`."""
        self._tell("watch", target, int(signum))

    def forget(self, target: int) -> None:
        """Stop watching a process that has been waited for, before its number is used again."""
        self._tell("forget", target)

    def remove(self, folder: Path) -> None:
        """Have a folder removed if this process ends without `keep`."""
        self._tell("remove", str(folder))

    def keep(self, folder: Path) -> None:
        """Take back `remove`."""
        self._tell("keep", str(folder))

    def close(self) -> None:
        """End the helper, which ends whatever is still registered, and wait for it."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)

    def _tell(self, *message: object) -> None:
        with self._lock:
            if self._process is None:
                self._process = self._start()
            pipe = self._process.stdin
            # A helper that someone killed costs the safety net, not the work.
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.write(json.dumps(message) + "\n")
                    pipe.flush()

    @staticmethod
    def _start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd="/",
            start_new_session=True,
        )


guardian = Guardian()
atexit.register(guardian.close)
