"""The conversation with one process of Vercel's Python runtime.

The runtime connects to a unix socket and sends JSON messages that end in NUL: `server-started` with
the port of its HTTP server, `end` for each finished invocation (background work included), `log`,
`unrecoverable-error`.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev import processes
from dev.errors import StackError

START_SECONDS = 30.0
# sun_path holds 104 bytes on macOS, 108 on Linux.
LONGEST_SOCKET_PATH = 100


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


def launch(code: Code, env: Mapping[str, str], log: Path) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the runtime and return it with its open socket. Raises StackError if it dies first."""
    folder = Path(tempfile.mkdtemp())
    if len(str(folder)) > LONGEST_SOCKET_PATH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(dir="/tmp"))  # the only short one there is
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "ipc"))
            listener.listen(1)
            process = processes.spawn(
                [sys.executable, "-c", "import vercel_runtime.vc_init"],
                log=log,
                cwd=code.root,
                env={**env, **code.env(), "VERCEL_IPC_PATH": str(folder / "ipc")},
            )
            return process, _accept(listener, process, code.file)
    finally:
        # The connection outlives its name: nothing is left to clean up after a crash.
        shutil.rmtree(folder, ignore_errors=True)


def _accept(listener: socket.socket, process: subprocess.Popen[bytes], file: str) -> socket.socket:
    listener.settimeout(0.02)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            connection.settimeout(None)
            return connection
    processes.kill_group(process)
    raise StackError(f"{file}: Vercel's runtime ended with {process.returncode} at its start")


def messages(connection: socket.socket) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the runtime's messages, type and payload, until it closes the connection."""
    rest = b""
    with contextlib.suppress(OSError):
        while chunk := connection.recv(65_536):
            *complete, rest = (rest + chunk).split(b"\0")
            for text in complete:
                message = json.loads(text)
                yield message["type"], message["payload"]


def log_text(payload: dict[str, Any]) -> str:
    """Return what a `log` message adds to the log: logging's records end a line, prints may not."""
    text = b64decode(payload["message"]).decode(errors="replace")
    return f"{text}\n" if "level" in payload else text
