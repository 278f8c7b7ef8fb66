"""The first draft's cron route, as two authors wrote its check. Wrong on purpose."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def checked_when_set(authorization: str | None) -> bool:
    """Without the variable there is nothing to check."""
    secret = os.environ.get("CRON_SECRET")
    return not secret or authorization == f"Bearer {secret}"


def compared_with_whatever_is_there(authorization: str | None) -> bool:
    """Without the variable the right answer is `Bearer None`; in JavaScript it is `Bearer undefined`."""
    return authorization == f"Bearer {os.environ.get('CRON_SECRET')}"


@contextmanager
def served(is_allowed: Callable[[str | None], bool]) -> Iterator[str]:
    """Serve the route with one of the checks, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if is_allowed(self.headers["Authorization"]) else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/queue/process"
    finally:
        server.shutdown()
        server.server_close()
