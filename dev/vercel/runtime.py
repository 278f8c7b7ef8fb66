"""How one process of Vercel's Python runtime is started, and what it says.

The runtime connects to a unix socket and sends JSON messages that end in NUL: `server-started` with
the port of its HTTP server, `end` for each finished invocation (background work included), `log`,
`unrecoverable-error`.
"""

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.process.spawn import spawn

# sun_path holds 104 bytes on macOS, 108 on Linux.
LONGEST_SOCKET_PATH = 100
LONGEST_MESSAGE_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class Code:
    """What the runtime is to load: a file below `root`, and the object in it."""

    root: Path
    file: str
    entry_point: str

    def env(self) -> dict[str, str]:
        """Return the variables by which Vercel's launcher tells the runtime."""
        return {
            "PYTHONPATH": str(self.root),
            "PYTHONUNBUFFERED": "1",
            "__VC_HANDLER_MODULE_NAME": self.file.removesuffix(".py").replace("/", "."),
            "__VC_HANDLER_ENTRYPOINT": self.file,
            "__VC_HANDLER_ENTRYPOINT_ABS": str(self.root / self.file),
            "__VC_HANDLER_VENDOR_DIR": "_vendor",
            "__VC_HANDLER_VARIABLE_NAME": self.entry_point,
        }


def launch(code: Code, env: Mapping[str, str], log: Path, ipc: Path) -> subprocess.Popen[bytes]:
    """Start the runtime, which connects to the socket `ipc`."""
    return spawn(
        [sys.executable, "-c", "import vercel_runtime.vc_init"],
        log=log,
        cwd=code.root,
        env={**env, **code.env(), "VERCEL_IPC_PATH": str(ipc)},
    )


@contextlib.contextmanager
def socket_path() -> Iterator[Path]:
    """Yield a path that is short enough for a unix socket.

    A connection outlives the name of its socket, so a crash later leaves no file behind.
    """
    folder = Path(tempfile.mkdtemp())
    if len(str(folder)) > LONGEST_SOCKET_PATH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(dir="/tmp"))  # the only short one there is
    try:
        yield folder / "ipc"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def messages(connection: asyncio.StreamReader) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Yield the runtime's messages, type and payload, until it closes the connection."""
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        while True:
            message = json.loads((await connection.readuntil(b"\0"))[:-1])
            yield message["type"], message["payload"]


def log_text(payload: dict[str, Any]) -> str:
    """Return what a `log` message adds to the log: logging's records end a line, prints may not."""
    text = b64decode(payload["message"]).decode(errors="replace")
    return f"{text}\n" if "level" in payload else text
