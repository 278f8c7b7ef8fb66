"""Locks between processes. The kernel drops a lock with the process that holds it, so a crash leaves no lock behind."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from dev import paths
from dev.errors import StackError


@contextlib.contextmanager
def locked(path: Path, refusal: str | None = None) -> Iterator[None]:
    """Hold the lock file `path`. With a `refusal`, raise it at once if another process holds the lock."""
    paths.make_folder(path.parent)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError:
            raise StackError(f"{refusal} (process {path.read_text() or 'unknown'})") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
