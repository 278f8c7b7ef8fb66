"""Supabase that is gone or silent, an environment that lacks something: 503, soon, with the reason in the log."""

import asyncio
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.routes.conftest import Logged

SESSION = "session-of-the-test-1"
POST_ID = "01890000-0000-7000-8000-000000000001"
# Above the 3 s that a call may take, below what an impatient client or monitor waits.
SOON_S = 5


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that accepts connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(params=["closed port", "silent", "no such host"])
def outage(request: pytest.FixtureRequest, silent: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The ways in which Supabase may be gone."""
    urls = {"closed port": "http://127.0.0.1:9", "silent": silent, "no such host": "http://supabase.invalid"}
    monkeypatch.setenv("SUPABASE_URL", urls[request.param])
    return str(request.param)


async def calls(site: httpx.AsyncClient, env: dict[str, str]) -> list[httpx.Response]:
    """Call a route of each kind, at the same time."""

    def token(name: str) -> dict[str, str]:
        return {"authorization": f"Bearer {env[name]}"}

    rating = {"postId": POST_ID, "sessionId": SESSION}
    return await asyncio.gather(
        site.get("/api/queue/process", headers=token("CRON_SECRET")),
        site.get("/api/health/queue"),
        site.get("/api/ratings", params=rating),
        site.post("/api/ratings", json=rating),
        site.put("/api/ratings", json=rating | {"liked": True}),
        site.post("/api/queue/jobs", json={"jobType": "cleanup_expired"}, headers=token("QUEUE_API_TOKEN")),
        site.get("/api/queue/jobs", params={"id": POST_ID}, headers=token("QUEUE_API_TOKEN")),
        site.get("/api/admin/queue/stats", headers=token("ADMIN_API_TOKEN")),
        site.get("/api/admin/queue/stats", headers={"authorization": "Bearer aaaa.bbbb.cccc"}),
    )


async def test_an_outage_is_503_soon(site: httpx.AsyncClient, env: dict[str, str], outage: str, logged: Logged) -> None:
    """On every route; a client may try again, and the log says which call it was."""
    started = time.monotonic()
    replies = await calls(site, env)
    assert time.monotonic() - started < SOON_S
    for reply in replies:
        assert reply.status_code == 503
        assert reply.json() == {"error": {"code": "unavailable", "message": "Supabase does not answer"}}
        assert reply.headers["retry-after"] == "5"
        assert reply.headers["cache-control"] == "no-store"
    reasons = " ".join(event["reason"] for event in logged.events("request.unavailable"))
    for function in ("start_worker_run", "queue_health", "like_states", "toggle_like", "set_like", "auth.get_user"):
        assert function in reasons


async def test_a_key_that_supabase_refuses_is_503(
    site: httpx.AsyncClient, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator's mistake is not the client's: no 401 of ours comes of it."""
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "sb_secret_not-the-key-of-this-project")
    replies = await calls(site, env)
    assert {reply.status_code for reply in replies[:-1]} == {503}
    assert replies[-1].status_code in (401, 503)


@pytest.mark.parametrize("missing", ["SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"])
async def test_a_missing_variable_is_503_and_named(
    site: httpx.AsyncClient, env: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    """In the reply and in the log; not a crash at import, which shows nothing of the reason."""
    monkeypatch.delenv(missing)
    for reply in await calls(site, env):
        assert reply.status_code == 503
        assert reply.json()["error"]["details"] == {"variables": [missing]}
    assert all(event["variables"] == [missing] for event in logged.events("request.unavailable"))
    assert missing in logged.text


@pytest.mark.parametrize("name", ["WORKER_BUDGET_MS", "SUPABASE_URL"])
async def test_a_bad_variable_is_503_and_named_without_its_value(
    site: httpx.AsyncClient, env: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    """Somebody may have pasted a key into the wrong field."""
    value = "pasted-s3cr3t"
    monkeypatch.setenv(name, value)
    for reply in await calls(site, env):
        assert reply.status_code == 503
        assert reply.json()["error"]["details"] == {"variables": [name]}
        assert value not in reply.text
    assert name in logged.text
    assert value not in logged.text
