"""A span for each request, a part of the caller's trace when the request says so (W3C Trace Context)."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.tracing import tracing
from lib.web.deadline import deadline_in_s

# What flushing may take at the end of an invocation, and what it leaves until the platform's kill.
FLUSH_S = 1.0
MARGIN_S = 0.1
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}


class Traces:
    """ASGI middleware, the outermost. Spans are sent when the reply is out: no client waits for them, and the platform
    freezes the process no sooner than this returns."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        try:
            with tracing().serving(method, scope["path"], Headers(scope=scope)) as span:
                await self._app(scope, receive, send_and_note)
                span.answered(status)
        finally:
            await tracing().flush(_flush_s())


def _flush_s() -> float:
    left_s = deadline_in_s()
    return FLUSH_S if left_s is None else max(0.0, min(FLUSH_S, left_s - MARGIN_S))
