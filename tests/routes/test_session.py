"""/api/admin/queue/session: who is asking, and signing in through Supabase Auth."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from lib.version import VERSION
from lib.web.lifespan import close_resources
from tests.routes.conftest import Logged
from tests.routes.test_auth import sign_up

URL = "/api/admin/queue/session"
GOOD = {"email": "operator@example.com", "password": "a-long-password"}


async def test_it_says_who_is_asking(
    site: httpx.AsyncClient, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, admin_user: tuple[str, str]
) -> None:
    """And what they may do and see."""
    monkeypatch.setenv("VIEWER_API_TOKEN", "the-token-of-a-viewer-0123456789")
    monkeypatch.setenv("DASHBOARD_HIDE_PAYLOADS", "true")
    user_id, token = admin_user
    expected = {
        env["ADMIN_API_TOKEN"]: ("admin", "admin token", None),
        "the-token-of-a-viewer-0123456789": ("viewer", "viewer token", None),
        token: ("admin", f"user {user_id}", "operator@example.com"),
    }
    for bearer, (role, operator, email) in expected.items():
        reply = await site.get(URL, headers={"authorization": f"Bearer {bearer}"})
        assert reply.json() == {
            "role": role,
            "operator": operator,
            "email": email,
            "payloadsHidden": True,
            "version": VERSION,
        }


async def test_a_password_gives_a_session_and_that_the_next_one(
    site: httpx.AsyncClient, admin_user: tuple[str, str], logged: Logged
) -> None:
    """The page needs no other origin and no key. What was sent is in no log."""
    session = (await site.post(URL, json=GOOD)).json()
    assert session.keys() == {"accessToken", "refreshToken", "expiresAt"}
    assert datetime.fromisoformat(session["expiresAt"]) > datetime.now(UTC)
    following = (await site.post(URL, json={"refreshToken": session["refreshToken"]})).json()
    for given in (session, following):
        reply = await site.get(URL, headers={"authorization": f"Bearer {given['accessToken']}"})
        assert reply.json()["operator"] == f"user {admin_user[0]}"
    for secret in (GOOD["email"], GOOD["password"], session["accessToken"], session["refreshToken"]):
        assert secret not in logged.text


async def test_a_wrong_password_or_token_is_401(site: httpx.AsyncClient, admin_user: tuple[str, str]) -> None:
    """As for a user that does not exist."""
    for body in (GOOD | {"password": "wrong"}, GOOD | {"email": "nobody@example.com"}, {"refreshToken": "nonsense"}):
        reply = await site.post(URL, json=body)
        assert (reply.status_code, reply.json()["error"]["code"]) == (401, "not_authenticated"), body


async def test_who_has_no_role_gets_no_session(site: httpx.AsyncClient, env: dict[str, str]) -> None:
    """403, and no token: a user of the app is no operator."""
    await sign_up(env, "user@example.com")
    reply = await site.post(URL, json=GOOD | {"email": "user@example.com"})
    assert reply.status_code == 403
    assert "Token" not in reply.text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((429, b'{"code": 429, "error_code": "over_request_rate_limit", "msg": "slow down"}'), (429, "60")),
        ((400, b'{"code": 400, "error_code": "email_not_confirmed", "msg": "no"}'), (401, None)),
        ((401, b'{"message": "Invalid API key"}'), (503, "5")),
        ((500, b'{"code": 500, "error_code": "unexpected_failure", "msg": "oh"}'), (503, "5")),
        ((540, b"<html>project paused</html>"), (503, "5")),
        ((200, b"<html>a parking page</html>"), (503, "5")),
        ((200, b"{}"), (503, "5")),
    ],
)
async def test_what_auth_answers_is_told(
    site: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    answering: Callable[[int, bytes], str],
    answer: tuple[int, bytes],
    expected: tuple[int, str | None],
) -> None:
    """Its limit is passed on; only its own verdict is a wrong password."""
    monkeypatch.setenv("SUPABASE_URL", answering(*answer))
    await close_resources()
    for body in (GOOD, {"refreshToken": "x"}):
        reply = await site.post(URL, json=body)
        assert (reply.status_code, reply.headers.get("retry-after")) == expected, reply.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": "a@b.example"}, "password"),
        ({"email": "a@b.example", "password": ""}, "password"),
        ({"email": "a@b.example", "password": "x" * 1001}, "password"),
        ({"email": "a@b.example", "password": "\ud800"}, "password"),
        ({"refreshToken": ""}, "refreshToken"),
        ({"refreshToken": "\ud800"}, "refreshToken"),
        ({"refreshToken": "x", "email": "a@b.example"}, "email"),
        ([], "body"),
    ],
)
async def test_a_body_that_is_none_is_named(site: httpx.AsyncClient, body: Any, field: str) -> None:
    """Without the value, which may be a password."""
    reply = await site.post(URL, content=json.dumps(body), headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["details"][0]["field"]) == (422, field)
