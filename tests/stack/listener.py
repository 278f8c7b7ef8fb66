"""A server for pg_net to call."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener(ThreadingHTTPServer):
    """A server that keeps what it is asked, and answers as its path says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.let_go = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers, body))
        if self.path.startswith("/slow"):
            self.server.let_go.wait(20)
        self.send_response(404 if self.path.startswith("/missing") else 200)
        self.send_header("content-type", "text/plain")
        self.end_headers()
        self.wfile.write(b"answer")

    do_POST = do_DELETE = do_GET  # noqa: N815 - the base class calls them so

    def log_message(self, *_: object) -> None:
        pass
