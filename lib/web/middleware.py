"""What every reply has: a request id, under which the request is in the logs, and no caching."""

import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.logs import log_event, request_id

_ACCEPTABLE = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class ReplyHeaders:
    """ASGI middleware. Takes the caller's x-request-id when it is a plain one, Vercel's id else, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id") or headers.get("x-vercel-id") or ""
        current = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex

        started = time.monotonic()
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                reply = MutableHeaders(scope=message)
                reply["x-request-id"] = current
                reply["cache-control"] = "no-store"
            await send(message)

        token = request_id.set(current)
        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            # The path only: a query may hold a session id.
            log_event(
                "request.served",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=round((time.monotonic() - started) * 1000),
            )
            request_id.reset(token)
