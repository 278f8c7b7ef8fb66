"""What Vercel's edge does with a request: static file, function, or an error of its own."""

import contextlib
import uuid
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from dev.errors import StackError
from dev.vercel.calls import Call, Headers
from dev.vercel.instance import CrashedError, TimedOutError
from dev.vercel.log import FunctionsLog
from dev.vercel.pool import Pool
from dev.vercel.project import VercelProject

MAX_BODY_BYTES = 4_500_000
# They belong to one connection and are never passed on (RFC 9110, 7.6.1).
HOP_BY_HOP = {
    *(b"connection", b"content-length", b"keep-alive", b"proxy-authenticate", b"proxy-authorization"),
    *(b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"),
}
# A client cannot claim these: the platform sets or drops them.
SET_BY_PLATFORM = {
    *(b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"),
    *(b"x-real-ip", b"x-vercel-forwarded-for", b"x-vercel-id"),
}


class Gateway:
    """An ASGI application that answers with the project's files and functions."""

    def __init__(self, root: Path, pool: Pool, log: FunctionsLog, reload: bool) -> None:
        self._root, self._pool, self._log, self._reload = root, pool, log, reload
        self._project = VercelProject.read(root)

    @property
    def project(self) -> VercelProject:
        """The project. With reload it is read again at each request, and kept while it is broken."""
        if self._reload:
            with contextlib.suppress(StackError):
                self._project = VercelProject.read(self._root)
        return self._project

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with the headers of `vercel.json`.

        A header that the function set itself wins over one of `vercel.json`, which wins over those of static files.
        """
        project, request = self.project, Request(scope, receive)
        identity = f"dev1::{uuid.uuid4().hex[:16]}"
        with contextlib.suppress(ClientDisconnect):
            response = await self._route(project, request, identity)
            for name, value in project.headers(scope["raw_path"].decode()):
                if isinstance(response, FileResponse):
                    response.headers[name] = value
                response.headers.setdefault(name, value)
            response.headers["x-vercel-id"] = identity
            await response(scope, receive, send)

    async def _route(self, project: VercelProject, request: Request, identity: str) -> Response:
        body = await _body_of(request)
        path = request.scope["path"]
        if file := project.static_file(path):
            return _static(file, request.method)
        function = project.routes.get(path.removesuffix(".py"))
        if function is None and (file := project.rewritten_file(path)):
            return _static(file, request.method)
        if function is None:
            return platform_error(404, "NOT_FOUND", "The page could not be found")
        if len(body) > MAX_BODY_BYTES:
            return platform_error(413, "FUNCTION_PAYLOAD_TOO_LARGE", "Request Entity Too Large")
        target = request.scope["raw_path"] + (b"?" + query if (query := request.scope["query_string"]) else b"")
        return await self._invoke(
            project, function, Call(request.method, target, _forwarded(request, identity.encode()), body)
        )

    async def _invoke(self, project: VercelProject, file: str, call: Call) -> Response:
        try:
            instance = await self._pool.instance_of(project, file)
            reply = await instance.invoke(call, project.max_duration(file))
        except TimedOutError:
            text = "An error occurred with your deployment"
            return platform_error(504, "FUNCTION_INVOCATION_TIMEOUT", text)
        except (CrashedError, StackError) as error:
            self._log.line(f"{file}: the invocation failed: {error!r}")
            text = "A server error has occurred"
            return platform_error(500, "FUNCTION_INVOCATION_FAILED", text)
        response = Response(reply.body, reply.status)
        dropped = HOP_BY_HOP
        if call.method == "HEAD":  # its length is that of the body which GET would have had
            dropped = HOP_BY_HOP - {b"content-length"}
            response.raw_headers.clear()
        for name, value in reply.headers:
            if _may_pass(name.lower().encode(), dropped):
                response.headers.append(name, value)
        return response


async def _body_of(request: Request) -> bytes:
    """Read the whole body, so that the client gets to see the answer; keep no more than is needed to refuse it."""
    body = bytearray()
    async for part in request.stream():
        if len(body) <= MAX_BODY_BYTES:
            body += part
    return bytes(body)


def _forwarded(request: Request, identity: bytes) -> Headers:
    """Return the headers as a function sees them: without what a client may not say."""
    client = request.client.host.encode() if request.client else b""
    host = request.headers.get("host", "localhost").encode()
    return [
        *((name, value) for name, value in request.headers.raw if _may_pass(name, HOP_BY_HOP | SET_BY_PLATFORM)),
        (b"x-forwarded-for", client),
        (b"x-forwarded-host", host),
        (b"x-forwarded-proto", b"http"),
        (b"x-real-ip", client),
        (b"x-vercel-id", identity),
    ]


def _may_pass(name: bytes, dropped: set[bytes]) -> bool:
    return name not in dropped and not name.startswith(b"x-vercel-internal-")


def _static(file: Path, method: str) -> Response:
    if method not in ("GET", "HEAD"):
        return platform_error(405, "INVALID_REQUEST_METHOD", "The request method is not allowed")
    return FileResponse(file, headers={"cache-control": "public, max-age=0, must-revalidate"})


def platform_error(status: int, code: str, text: str) -> Response:
    """Return an error of the platform's own, which says so in `x-vercel-error`."""
    return PlainTextResponse(f"{text}\n\n{code}\n", status, {"x-vercel-error": code})
