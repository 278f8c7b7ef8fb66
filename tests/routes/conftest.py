"""The routes in this process, over a real database: one client for all of them, and what they log."""

import importlib
import json
import logging
import os
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from lib import logs
from lib.web.lifespan import close_resources

ROOT = Path(__file__).resolve().parents[2]
# Nothing of the machine that runs the tests may reach the functions.
OURS = (
    *("SUPABASE_", "NEXT_PUBLIC_", "CRON_", "QUEUE_", "ADMIN_", "VIEWER_", "ALLOWED_", "IMAGE_", "LIKES_", "WORKER_"),
    "VERCEL",
    "DASHBOARD_",
)


@pytest.fixture
def env(project: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The functions' environment, set. Change it with monkeypatch before the first request."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    names = ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")
    given = {name: f"test-{name.lower()}-{secrets.token_hex(8)}" for name in names}
    given |= {name: value for name, value in project.items() if name.startswith("SUPABASE_")}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@cache
def routes() -> dict[str, ModuleType]:
    """Import every function, once, and return them by their paths."""
    files = [file.relative_to(ROOT).with_suffix("") for file in (ROOT / "api").rglob("*.py")]
    return {f"/{file.as_posix()}": importlib.import_module(".".join(file.parts)) for file in files}


async def serve_any_route(scope: Scope, receive: Receive, send: Send) -> None:
    """Be all functions at once, as Vercel's router is."""
    await routes()[scope["path"]].app(scope, receive, send)


@pytest.fixture
async def site(env: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of all routes, by their paths."""
    routes()
    await close_resources()
    transport = httpx.ASGITransport(serve_any_route)
    async with httpx.AsyncClient(transport=transport, base_url="http://functions.test", timeout=30) as client:
        yield client
    await close_resources()


class Logged(logging.Handler):
    """Keeps the lines as they would be printed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(self.format(record))

    @property
    def text(self) -> str:
        """Everything that was logged."""
        return "\n".join(self.lines)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of this name, parsed."""
        parsed = [json.loads(line) for line in self.lines]
        return [event for event in parsed if event["event"] == name]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """What the routes log meanwhile."""
    logs.configure_logs()
    logger = logging.getLogger("suplatzigram")
    handler = Logged()
    handler.setFormatter(logger.handlers[0].formatter)
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.fixture
async def admin_user(env: dict[str, str], connect: Callable[..., Any]) -> tuple[str, str]:
    """A Supabase user whose role is admin: the id and an access token. The password is a-long-password."""
    async with httpx.AsyncClient() as auth:
        reply = await auth.post(
            f"{env['SUPABASE_URL']}/auth/v1/signup",
            headers={"apikey": env["SUPABASE_ANON_KEY"]},
            json={"email": "operator@example.com", "password": "a-long-password"},
        )
    session = reply.raise_for_status().json()
    connect("admin").execute(
        """update auth.users set raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || '{"role": "admin"}'
        where id = %s""",
        [session["user"]["id"]],
    )
    return session["user"]["id"], session["access_token"]


@pytest.fixture
def answering() -> Iterator[Callable[[int, bytes], str]]:
    """A factory of servers that answer everything alike: what stands before Auth, or Auth itself."""
    servers: list[ThreadingHTTPServer] = []

    def serve(status: int, body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name that http.server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
