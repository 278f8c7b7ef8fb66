"""What every reply has, whatever its status: a request id, no caching, an error body that says enough and no more."""

import importlib
import re
from typing import Any

import httpx
import pytest

from lib.web.lifespan import close_resources
from lib.web.requests import MAX_BODY_BYTES
from tests.routes.conftest import Logged

RATINGS, PROCESS, JOBS, HEALTH = "/api/ratings", "/api/queue/process", "/api/queue/jobs", "/api/health/queue"
STATS = "/api/admin/queue/stats"
METHODS = {
    RATINGS: {"GET", "HEAD", "POST", "PUT"},
    PROCESS: {"GET", "POST"},
    JOBS: {"GET", "HEAD", "POST"},
    STATS: {"GET", "HEAD"},
    HEALTH: {"GET", "HEAD"},
}
JSON_TYPE = {"content-type": "application/json"}
ORIGIN = "https://app.example.com"
PREFLIGHT = {"origin": ORIGIN, "access-control-request-method": "POST"}


async def replies(site: httpx.AsyncClient, env: dict[str, str], **headers: str) -> dict[int, httpx.Response]:
    """Return a reply of each status that can be had easily."""
    cron = {"authorization": f"Bearer {env['CRON_SECRET']}"}
    found = [
        await site.get(HEALTH, headers=headers),
        await site.post(RATINGS, content=b"{", headers=headers | JSON_TYPE),
        await site.get(PROCESS, headers=headers),
        await site.post(
            RATINGS,
            json={"postId": "01890000-0000-7000-8000-000000000001", "sessionId": "x" * 16},
            headers=headers,
        ),
        await site.delete(RATINGS, headers=headers),
        await site.post(RATINGS, content=b"x" * (MAX_BODY_BYTES + 1), headers=headers | JSON_TYPE),
        await site.post(RATINGS, content=b"{}", headers=headers | {"content-type": "text/plain"}),
        await site.get(RATINGS, headers=headers),
        await site.get(PROCESS, headers=headers | cron),
    ]
    return {reply.status_code: reply for reply in found}


async def test_every_reply_has_an_id_and_is_not_cached(site: httpx.AsyncClient, env: dict[str, str]) -> None:
    """A cached like count, or a cached error, would outlive what it says."""
    by_status = await replies(site, env)
    assert by_status.keys() == {200, 400, 401, 404, 405, 413, 415, 422}
    for reply in by_status.values():
        assert reply.headers["cache-control"] == "no-store"
        assert re.fullmatch(r"[0-9a-f]{32}", reply.headers["x-request-id"])
        assert reply.headers["content-type"] == "application/json"
    assert len({reply.headers["x-request-id"] for reply in by_status.values()}) == len(by_status)


async def test_every_error_has_one_shape(site: httpx.AsyncClient, env: dict[str, str]) -> None:
    """{"error": {"code", "message", "details"?}}."""
    codes = {
        400: "malformed",
        401: "not_authenticated",
        404: "not_found",
        405: "method_not_allowed",
        413: "too_large",
        415: "unsupported_media_type",
        422: "invalid_input",
    }
    for status, reply in (await replies(site, env)).items():
        if status >= 400:
            body = reply.json()
            assert body.keys() == {"error"}
            assert {"code", "message"} <= body["error"].keys() <= {"code", "message", "details"}
            assert body["error"]["code"] == codes[status]


async def test_the_callers_id_is_kept(site: httpx.AsyncClient, env: dict[str, str], logged: Logged) -> None:
    """In the reply and in every line that its request logs."""
    given = "the-frontends.id:1_2"
    for reply in (await replies(site, env, **{"x-request-id": given})).values():
        assert reply.headers["x-request-id"] == given
    assert logged.events("run.started")[0]["request_id"] == given
    assert logged.events("run.finished")[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 129, "<script>", "a\tb", "é", '{"a":1}'])
async def test_an_id_that_could_harm_the_logs_is_replaced(site: httpx.AsyncClient, given: str) -> None:
    """It would be a line of somebody else's making."""
    reply = await site.get(HEALTH, headers=[(b"x-request-id", given.encode())])
    assert re.fullmatch(r"[0-9a-f]{32}", reply.headers["x-request-id"])


async def test_every_request_is_in_the_log_under_its_id(
    site: httpx.AsyncClient, env: dict[str, str], logged: Logged
) -> None:
    """With its status, whatever that is; without the query, which may hold a session id."""
    for reply in (await replies(site, env)).values():
        (served,) = [
            event for event in logged.events("request.served") if event["request_id"] == reply.headers["x-request-id"]
        ]
        assert (served["status"], served["path"]) == (reply.status_code, reply.request.url.path)
        assert served["method"] == reply.request.method
        assert served["duration_ms"] >= 0


async def test_vercels_id_is_used(site: httpx.AsyncClient) -> None:
    """When the caller has none: it is what the platform's own logs show."""
    reply = await site.get(HEALTH, headers={"x-vercel-id": "fra1::abcde-1700000000000-0123456789ab"})
    assert reply.headers["x-request-id"] == "fra1::abcde-1700000000000-0123456789ab"


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_methods_that_a_route_lacks(site: httpx.AsyncClient, path: str, method: str) -> None:
    """405, with those that it has; before any credential is looked at."""
    reply = await site.request(method, path)
    if method in METHODS[path]:
        assert reply.status_code != 405
    else:
        assert reply.status_code == 405
        assert {name.strip() for name in reply.headers["allow"].split(",")} == METHODS[path]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e400}',
        b"[-1e5000]",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"a": 1,}',
    ],
    ids=lambda body: body[:12].hex(),
)
async def test_what_is_no_json_is_malformed(site: httpx.AsyncClient, body: bytes) -> None:
    """400, however deep or strange."""
    reply = await site.post(RATINGS, content=body, headers=JSON_TYPE)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "malformed")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
async def test_another_media_type_is_refused(site: httpx.AsyncClient, kind: str) -> None:
    """A form on a foreign page can send these without a preflight."""
    assert (await site.post(RATINGS, content=b"{}", headers={"content-type": kind})).status_code == 415


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/json ;x=y"])
async def test_json_may_be_named_as_the_rfc_allows(site: httpx.AsyncClient, kind: str) -> None:
    """Case and parameters do not matter."""
    assert (await site.post(RATINGS, content=b"{}", headers={"content-type": kind})).status_code == 422


async def test_of_thousands_of_broken_rules_the_first_are_told(site: httpx.AsyncClient) -> None:
    """The reply to a small body is small."""
    reply = await site.post(RATINGS, json={f"k{n}": 1 for n in range(5000)})
    assert (reply.status_code, len(reply.json()["error"]["details"])) == (422, 20)


async def test_a_public_route_takes_no_more_than_a_form(site: httpx.AsyncClient) -> None:
    """To read megabytes, and to say what is wrong with them, holds up everybody else's requests."""
    body = {"postId": "x", "sessionId": "s" * MAX_BODY_BYTES}
    assert (await site.post(RATINGS, json=body)).status_code == 413


async def test_a_body_is_measured_while_it_comes(site: httpx.AsyncClient) -> None:
    """Not by its Content-Length, which may be missing."""

    async def endless() -> Any:
        for _ in range(1000):
            yield b"x" * 100_000

    reply = await site.post(RATINGS, content=endless(), headers=JSON_TYPE)
    assert reply.status_code == 413


async def test_an_error_of_ours_shows_nothing_of_the_inside(
    site: httpx.AsyncClient, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    """500, and everything in the log."""

    async def broken(*_: object, **__: object) -> Any:
        raise RuntimeError(f"secret detail at {__file__}")

    monkeypatch.setattr("lib.database.Database.rpc", broken)
    reply = await site.get(HEALTH)
    assert reply.status_code == 500
    assert reply.json() == {"error": {"code": "internal", "message": "something went wrong here"}}
    assert reply.headers["cache-control"] == "no-store"
    (event,) = logged.events("request.failed")
    assert event["request_id"] == reply.headers["x-request-id"]
    assert "secret detail" in event["exc_info"]


async def test_the_service_key_is_nowhere(
    site: httpx.AsyncClient, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    """In no reply, no header and no log line, whatever goes wrong: also when Supabase refuses it."""
    texts = [f"{reply.text}{reply.headers}" for reply in (await replies(site, env)).values()]
    bad_key = "sb_secret_not-the-key-of-this-project"
    for name, value in (("SUPABASE_SERVICE_ROLE_KEY", bad_key), ("SUPABASE_URL", "http://127.0.0.1:9")):
        monkeypatch.setenv(name, value)
        await close_resources()
        texts += [f"{reply.text}{reply.headers}" for reply in (await replies(site, env)).values()]
    hidden = [env["SUPABASE_SERVICE_ROLE_KEY"], bad_key, env["CRON_SECRET"]]
    for text in (*texts, logged.text):
        assert not [secret for secret in hidden if secret in text]


# -- CORS


@pytest.fixture
def allowed_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """ALLOWED_ORIGINS is read when a function is loaded, so it is loaded again, then and afterwards."""
    module = importlib.import_module("api.ratings")
    monkeypatch.setenv("ALLOWED_ORIGINS", f"{ORIGIN}, http://localhost:3000")
    monkeypatch.setattr(module, "app", module.app)
    importlib.reload(module)


@pytest.mark.usefixtures("allowed_origin")
async def test_allowed_origins_may_call(site: httpx.AsyncClient) -> None:
    """Their preflight is answered, and their replies may be read, errors too."""
    for method in ("GET", "POST", "PUT"):
        reply = await site.options(RATINGS, headers=PREFLIGHT | {"access-control-request-method": method})
        assert reply.status_code == 200
        assert reply.headers["access-control-allow-origin"] == ORIGIN
        assert method in reply.headers["access-control-allow-methods"]
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-request-id"]
        assert "origin" in reply.headers["vary"].lower()
    wanted = PREFLIGHT | {"access-control-request-headers": "content-type, x-request-id, x-session-id"}
    assert (await site.options(RATINGS, headers=wanted)).status_code == 200
    for origin in (ORIGIN, "http://localhost:3000"):
        reply = await site.get(RATINGS, headers={"origin": origin})
        assert reply.status_code == 422
        assert reply.headers["access-control-allow-origin"] == origin
        assert "x-request-id" in reply.headers["access-control-expose-headers"].lower()


@pytest.mark.usefixtures("allowed_origin")
@pytest.mark.parametrize("origin", ["https://evil.example.com", f"{ORIGIN}.evil.com", "null", "http://app.example.com"])
async def test_other_origins_may_not(site: httpx.AsyncClient, origin: str) -> None:
    """No header tells their browser that they may read the reply."""
    preflight = await site.options(RATINGS, headers=PREFLIGHT | {"origin": origin})
    reply = await site.get(RATINGS, headers={"origin": origin})
    for each in (preflight, reply):
        assert "access-control-allow-origin" not in each.headers
        assert each.headers["cache-control"] == "no-store"
    assert preflight.status_code == 400


async def test_by_default_no_other_origin_may(site: httpx.AsyncClient) -> None:
    """An empty ALLOWED_ORIGINS means pages of the same origin, which need no header."""
    assert "access-control-allow-origin" not in (await site.options(RATINGS, headers=PREFLIGHT)).headers
    assert "access-control-allow-origin" not in (await site.get(RATINGS, headers={"origin": ORIGIN})).headers


@pytest.mark.usefixtures("allowed_origin")
@pytest.mark.parametrize("path", [PROCESS, JOBS, STATS])
async def test_the_other_routes_are_not_for_browsers(site: httpx.AsyncClient, path: str) -> None:
    """They take secrets, which no page may hold."""
    reply = await site.options(path, headers=PREFLIGHT | {"access-control-request-headers": "authorization"})
    assert reply.status_code == 405
    assert "access-control-allow-origin" not in reply.headers
