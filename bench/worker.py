"""One process that works a queue: told when to start, and that it may end by the end of its standard input."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

END_S = 30.0


class ContestantError(Exception):
    """A queue's program failed, or did not do what it was asked."""


class Worker:
    """A context manager: the process runs inside it."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self._name, self._command, self._folder, self._env = name, command, folder, env
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            self._errors = exits.enter_context(tempfile.TemporaryFile())
            self._process = exits.enter_context(
                subprocess.Popen(
                    self._command,
                    cwd=self._folder,
                    env=self._env,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    text=True,
                )
            )
            exits.callback(self._end)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def wait_until_ready(self) -> None:
        """Return when it says so.

        Raises:
            ContestantError: it ended before.
        """
        assert self._process.stdout is not None
        if not any(line.strip() == "ready" for line in self._process.stdout):
            raise self._failure(self._process.wait())

    def go(self) -> None:
        """Let it start."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def check(self) -> None:
        """Raise ContestantError if it failed. One that found nothing more to do may have ended."""
        if code := self._process.poll():
            raise self._failure(code)

    def _failure(self, code: int) -> ContestantError:
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")[-2000:].strip()
        return ContestantError(f"{self._name}: a worker ended with {code}: {said}")

    def _end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
