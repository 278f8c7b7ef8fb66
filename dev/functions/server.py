"""The HTTP server in front of the gateway: a thread for each connection."""

import contextlib
import http.server
import socket
import socketserver
import sys
from typing import Any, ClassVar

from dev.functions.gateway import MAX_BODY_BYTES, Gateway
from dev.functions.messages import Headers, Reply, Request

# A longer body is not kept, only read, so that the client gets to see the answer.
KEPT_BYTES = MAX_BODY_BYTES + 1
DRAINED_BYTES = 256_000_000


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Listens on 127.0.0.1. Closing it also ends the connections that clients keep open, so that
    they find nobody there rather than a server without functions."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port: int, gateway: Gateway) -> None:
        self.gateway = gateway
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin to serve a connection in a thread of its own."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening, and hang up."""
        super().server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong with a request, unless it is only that the client went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    METHODS: ClassVar = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

    def answer(self) -> None:
        """Answer one request."""
        headers: Headers = list(self.headers.items())
        try:
            body = self._chunked_body() if self._is_chunked() else self._plain_body()
        except ValueError:  # a length that is no number
            self.send_error(400)
            return
        request = Request(self.command, self.path, headers, body)
        self._send(self.server.gateway.answer(request, self.client_address[0]))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the functions log their requests themselves."""

    def _is_chunked(self) -> bool:
        return "chunked" in (self.headers.get("transfer-encoding") or "").lower()

    def _plain_body(self) -> bytes:
        body = bytearray()
        self._read(int(self.headers.get("content-length") or 0), body)
        return bytes(body)

    def _chunked_body(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0] or b"0", 16):
            self._read(size, body)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return bytes(body)

    def _read(self, length: int, body: bytearray) -> None:
        """Add the next `length` bytes to a body; drop them where it is known to be too long."""
        if length > DRAINED_BYTES:
            self.close_connection = True
            body.extend(bytes(KEPT_BYTES))
            return
        while length > 0:
            part = self.rfile.read(min(length, 65_536))
            if not part:
                self.close_connection = True
                return
            length -= len(part)
            body.extend(part[: KEPT_BYTES - len(body)])

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.status not in (204, 304):
            length = len(reply.body) if reply.length is None else reply.length
            self.send_header("content-length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)


for method in Handler.METHODS:
    setattr(Handler, f"do_{method}", Handler.answer)
