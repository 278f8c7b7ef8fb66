"""What Vercel's edge does with a request: static file, function, or an error of its own."""

import contextlib
import mimetypes
import uuid
from pathlib import Path
from urllib.parse import unquote

from dev.errors import StackError
from dev.functions.config import VercelProject
from dev.functions.instance import CrashedError, TimedOutError
from dev.functions.log import FunctionsLog
from dev.functions.messages import HOP_BY_HOP, Reply, Request, platform_error
from dev.functions.pool import Pool

MAX_BODY_BYTES = 4_500_000
# A client cannot claim these: the platform sets or drops them.
SET_BY_PLATFORM = {
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "x-vercel-forwarded-for",
    "x-vercel-id",
}


class Gateway:
    """Answers requests with the project's files and functions."""

    def __init__(self, root: Path, pool: Pool, log: FunctionsLog, reload: bool) -> None:
        self._root, self._pool, self._log, self._reload = root, pool, log, reload
        self._project = VercelProject.read(root)

    @property
    def project(self) -> VercelProject:
        """The project; read again at each request when reloading, kept while it is broken."""
        if self._reload:
            with contextlib.suppress(StackError):
                self._project = VercelProject.read(self._root)
        return self._project

    def answer(self, request: Request, client: str) -> Reply:
        """Return the reply to a client at this address, with the headers of `vercel.json`.

        A header that the function set itself wins over one of `vercel.json`.
        """
        project = self.project
        identity = f"dev1::{uuid.uuid4().hex[:16]}"
        reply = self._route(project, request, client, identity)
        own = {name.lower() for name, _ in reply.headers}
        added = [pair for pair in project.headers(request.path) if pair[0].lower() not in own]
        headers = [*reply.headers, *added, ("x-vercel-id", identity)]
        return Reply(reply.status, headers, reply.body, reply.length)

    def _route(self, project: VercelProject, request: Request, client: str, identity: str) -> Reply:
        path = unquote(request.path)
        if file := project.static_file(path):
            return _static(file, request.method)
        function = project.routes.get(path.removesuffix(".py"))
        if function is None:
            return platform_error(404, "NOT_FOUND", "The page could not be found")
        if len(request.body) > MAX_BODY_BYTES:
            return platform_error(413, "FUNCTION_PAYLOAD_TOO_LARGE", "Request Entity Too Large")
        return self._invoke(project, function, _forwarded(request, client, identity))

    def _invoke(self, project: VercelProject, file: str, request: Request) -> Reply:
        try:
            instance = self._pool.instance_of(project, file)
            return instance.invoke(request, project.max_duration(file))
        except TimedOutError:
            text = "An error occurred with your deployment"
            return platform_error(504, "FUNCTION_INVOCATION_TIMEOUT", text)
        except (CrashedError, StackError) as error:
            self._log.line(f"{file}: the invocation failed: {error!r}")
            text = "A server error has occurred"
            return platform_error(500, "FUNCTION_INVOCATION_FAILED", text)


def _forwarded(request: Request, client: str, identity: str) -> Request:
    """Return the request as a function sees it: without what a client may not say."""
    kept = [(name, value) for name, value in request.headers if _may_pass(name.lower())]
    host = next((value for name, value in request.headers if name.lower() == "host"), "localhost")
    kept += [
        ("x-forwarded-for", client),
        ("x-forwarded-host", host),
        ("x-forwarded-proto", "http"),
        ("x-real-ip", client),
        ("x-vercel-id", identity),
    ]
    return Request(request.method, request.target, kept, request.body)


def _may_pass(name: str) -> bool:
    internal = name.startswith("x-vercel-internal-")
    return not internal and name not in HOP_BY_HOP and name not in SET_BY_PLATFORM


def _static(file: Path, method: str) -> Reply:
    if method not in ("GET", "HEAD"):
        return platform_error(405, "INVALID_REQUEST_METHOD", "The request method is not allowed")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    caching = ("cache-control", "public, max-age=0, must-revalidate")
    return Reply(200, [("content-type", kind), caching], file.read_bytes())
