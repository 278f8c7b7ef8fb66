"""HTTP requests and replies as the parts of this package pass them on."""

from dataclasses import dataclass

Headers = list[tuple[str, str]]

# They belong to one connection and are never passed on (RFC 9110, 7.6.1).
HOP_BY_HOP = {
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@dataclass(frozen=True)
class Request:
    """What a client sent. `target` is the path with its query string."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query string."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """What goes back, without the headers of the connection. `length`, for a reply to HEAD, is
    that of the body which GET would have had."""

    status: int
    headers: Headers
    body: bytes = b""
    length: int | None = None


def platform_error(status: int, code: str, text: str = "") -> Reply:
    """Return an error of the platform's own, which says so in `x-vercel-error`."""
    body = f"{text}\n\n{code}\n" if text else f"{code}\n"
    headers = [("content-type", "text/plain; charset=utf-8"), ("x-vercel-error", code)]
    return Reply(status, headers, body.encode())
