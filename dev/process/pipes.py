"""A reader of the output that goes away, as `head` does, ends no command, and makes no traceback."""

import io
import sys
from collections.abc import Buffer, Callable
from typing import NoReturn


class _Unread(io.FileIO):
    """Standard output, which takes what nobody reads any more."""

    def write(self, data: Buffer) -> int:
        """Write, or throw away."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def run(main: Callable[[], int | str | None]) -> NoReturn:
    """Run a command and exit with its own status, whoever reads what it prints."""
    if not sys.stdout.isatty():
        raw = _Unread(sys.stdout.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding=sys.stdout.encoding, errors=sys.stdout.errors)
    sys.exit(main())
