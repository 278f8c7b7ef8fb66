"""Who is let in: bearer secrets, compared as bytes, and Supabase users."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from tests.routes.conftest import Logged

type Connect = Callable[..., psycopg.Connection[Any]]


@dataclass(frozen=True)
class Door:
    """A method of a route, the variable that opens it, and the query that it needs."""

    method: str
    path: str
    variable: str
    query: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


DOORS = [
    Door("GET", "/api/queue/process", "CRON_SECRET"),
    Door("POST", "/api/queue/process", "CRON_SECRET"),
    Door("GET", "/api/queue/jobs", "QUEUE_API_TOKEN"),
    Door("POST", "/api/queue/jobs", "QUEUE_API_TOKEN"),
    Door("GET", "/api/admin/queue/stats", "ADMIN_API_TOKEN"),
    Door("GET", "/api/admin/queue/jobs", "ADMIN_API_TOKEN"),
    Door("POST", "/api/admin/queue/jobs", "ADMIN_API_TOKEN"),
    Door("GET", "/api/admin/queue/metrics", "ADMIN_API_TOKEN"),
    Door("GET", "/api/admin/queue/diagnostics", "ADMIN_API_TOKEN"),
    Door("GET", "/api/admin/queue/schedules", "ADMIN_API_TOKEN"),
    Door("POST", "/api/admin/queue/schedules", "ADMIN_API_TOKEN"),
    Door("GET", "/api/admin/queue/journal", "ADMIN_API_TOKEN", "?of=actions"),
    Door("POST", "/api/admin/queue/journal", "ADMIN_API_TOKEN"),
    Door("GET", "/api/admin/queue/session", "ADMIN_API_TOKEN"),
]
ADMIN_DOORS = [door for door in DOORS if door.variable == "ADMIN_API_TOKEN" and door.method == "GET"]
every_door = pytest.mark.parametrize("door", DOORS, ids=str)


async def knock(site: httpx.AsyncClient, door: Door, authorization: str | bytes | None) -> httpx.Response:
    """Call a door with this Authorization header."""
    raw = authorization.encode() if isinstance(authorization, str) else authorization
    headers = [] if raw is None else [(b"authorization", raw)]
    return await site.request(door.method, door.path + door.query, headers=headers)


@every_door
async def test_the_right_secret_opens(site: httpx.AsyncClient, env: dict[str, str], door: Door) -> None:
    """The scheme is case-insensitive (RFC 9110, section 11.1)."""
    for scheme in ("Bearer", "bearer", "BEARER"):
        reply = await knock(site, door, f"{scheme} {env[door.variable]}")
        assert reply.status_code not in (401, 403, 503)


@every_door
async def test_nothing_else_opens(site: httpx.AsyncClient, env: dict[str, str], door: Door) -> None:
    """401, whatever the attempt looks like; the reply is the same for each."""
    secret = env[door.variable]
    others = [env[name] for name in ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN") if name != door.variable]
    attempts: list[str | bytes | None] = [
        *(None, "", "Bearer", "Bearer ", "Bearer  ", secret, f"Basic {secret}", f"Token {secret}"),
        *(f"Bearer {secret}x", f"Bearer {secret[:-1]}", f"Bearer {secret.upper()}", f"Bearer {secret} {secret}"),
        *(f"Bearer {other}" for other in others),
        *(f"Bearer {env[name]}" for name in ("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY")),
        *("Bearer null", "Bearer undefined", "Bearer None", f"Bearer {secret},Bearer {secret}"),
        *("Bearer sécret", "Bearer é.é.é", b"Bearer \xff\xfe", b"Bearer \xc3", "Bearer \U0001f600" * 20),
        "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.x",  # pragma: allowlist secret
        *("Bearer a.b.c", "Bearer .."),
    ]
    for attempt in attempts:
        reply = await knock(site, door, attempt)
        assert reply.status_code == 401, attempt
        assert reply.headers["www-authenticate"] == "Bearer"
        assert reply.json()["error"]["code"] == "not_authenticated"
        assert secret not in reply.text


@every_door
@pytest.mark.parametrize("value", [None, "", "short", "x" * 15])
async def test_a_secret_that_is_unset_or_short_opens_to_nobody(
    site: httpx.AsyncClient, door: Door, value: str | None, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    """Also not to who sends just that; the log says which variable it is."""
    if value is None:
        monkeypatch.delenv(door.variable)
    else:
        monkeypatch.setenv(door.variable, value)
    for attempt in (None, f"Bearer {value or ''}", "Bearer ", "Bearer None"):
        reply = await knock(site, door, attempt)
        assert reply.status_code == 503
        assert reply.json()["error"]["details"] == {"variables": [door.variable]}
    (event, *_) = logged.events("auth.refuses_everyone")
    assert (event["variable"], event["level"]) == (door.variable, "ERROR")


@every_door
async def test_no_environment_bypasses_it(site: httpx.AsyncClient, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither development nor preview nor localhost, nor who says that it is Vercel's cron."""
    for name, value in (("VERCEL_ENV", "development"), ("NODE_ENV", "development"), ("VERCEL", "")):
        monkeypatch.setenv(name, value)
    headers = {
        "host": "localhost:3000",
        "user-agent": "vercel-cron/1.0",
        "x-vercel-cron": "1",
        "x-forwarded-for": "127.0.0.1",
        "x-vercel-cron-schedule": "* * * * *",
    }
    assert (await site.request(door.method, door.path, headers=headers)).status_code == 401


@every_door
async def test_the_secret_is_asked_for_before_anything_else_is_read(site: httpx.AsyncClient, door: Door) -> None:
    """Strangers learn nothing about the input that a route takes."""
    headers = {"content-type": "text/plain"}
    reply = await site.request(door.method, f"{door.path}?id=nonsense", content=b"{", headers=headers)
    assert reply.status_code == 401


@pytest.mark.parametrize("secret", ["señal-de-cron-à-à-à", "\U0001f600" * 16])
async def test_secrets_are_bytes(site: httpx.AsyncClient, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with other letters than ASCII works as well as any: headers carry its UTF-8."""
    monkeypatch.setenv("CRON_SECRET", secret)
    door = DOORS[0]
    assert (await knock(site, door, f"Bearer {secret}".encode())).status_code == 200
    assert (await knock(site, door, f"Bearer {secret[:-1]}".encode())).status_code == 401


async def test_public_routes_ask_for_nothing(site: httpx.AsyncClient) -> None:
    """And do not mind what is sent."""
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        assert (await site.get("/api/health/queue", headers=headers)).status_code == 200
        assert (await site.get("/api/ratings", headers=headers)).status_code == 422


# -- Supabase users


async def sign_up(env: dict[str, str], email: str, metadata: dict[str, Any] | None = None) -> tuple[str, str]:
    """Sign up with Supabase Auth, as a frontend does; returns the user's id and access token."""
    async with httpx.AsyncClient() as auth:
        reply = await auth.post(
            f"{env['SUPABASE_URL']}/auth/v1/signup",
            headers={"apikey": env["SUPABASE_ANON_KEY"]},
            json={"email": email, "password": "a-long-password", "data": metadata or {}},
        )
    session = reply.raise_for_status().json()
    return session["user"]["id"], session["access_token"]


async def test_a_user_whose_role_is_admin_is_let_in(
    site: httpx.AsyncClient, env: dict[str, str], connect: Connect
) -> None:
    """By app_metadata, which only the project's owner can write."""
    user_id, token = await sign_up(env, "admin@example.com")
    connect("admin").execute(
        """update auth.users set raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || '{"role": "admin"}'
        where id = %s""",
        (user_id,),
    )
    for door in ADMIN_DOORS:
        assert (await knock(site, door, f"Bearer {token}")).status_code == 200


async def test_an_ordinary_user_is_not(site: httpx.AsyncClient, env: dict[str, str]) -> None:
    """403: the credential is good. What users write about themselves, user_metadata, makes no admin."""
    _, token = await sign_up(env, "user@example.com", {"role": "admin", "app_metadata": {"role": "admin"}})
    for door in ADMIN_DOORS:
        reply = await knock(site, door, f"Bearer {token}")
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "not_allowed")


async def test_a_users_token_opens_no_other_door(site: httpx.AsyncClient, env: dict[str, str]) -> None:
    """Cron and services have secrets of their own."""
    _, token = await sign_up(env, "user@example.com")
    for door in DOORS:
        if door.variable != "ADMIN_API_TOKEN":
            assert (await knock(site, door, f"Bearer {token}")).status_code == 401


async def test_a_forged_token_is_no_user(site: httpx.AsyncClient, env: dict[str, str]) -> None:
    """Auth is asked: a changed signature or payload is refused."""
    _, token = await sign_up(env, "user@example.com")
    head, payload, signature = token.split(".")
    for forged in (f"{head}.{payload}.{signature[::-1]}", f"{head}.{payload[::-1]}.{signature}", f"{head}.{payload}.x"):
        assert (await knock(site, ADMIN_DOORS[0], f"Bearer {forged}")).status_code == 401


async def test_without_the_admin_secret_users_are_refused_too(
    site: httpx.AsyncClient, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator who forgot it finds out at once, not when it is needed."""
    _, token = await sign_up(env, "user@example.com")
    monkeypatch.delenv("ADMIN_API_TOKEN")
    assert (await knock(site, ADMIN_DOORS[0], f"Bearer {token}")).status_code == 503


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ((403, b'{"code": 403, "error_code": "bad_jwt", "msg": "invalid JWT"}'), 401),
        ((403, b'{"code": 403, "error_code": "user_banned", "msg": "banned"}'), 401),
        ((401, b'{"message": "Invalid API key"}'), 503),
        ((429, b'{"code": 429, "error_code": "over_request_rate_limit", "msg": "slow down"}'), 503),
        ((500, b'{"code": 500, "error_code": "unexpected_failure", "msg": "oh"}'), 503),
        ((540, b"<html>project paused</html>"), 503),
        ((403, b"<html>blocked</html>"), 503),
        ((200, b"<html>a parking page</html>"), 503),
    ],
)
async def test_only_auth_s_verdict_on_a_token_is_the_caller_s_fault(
    site: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    answering: Callable[[int, bytes], str],
    reply: tuple[int, bytes],
    expected: int,
) -> None:
    """Whoever gets 401 logs its user out: not for an outage, a limit, or an API key that is the operator's mistake."""
    monkeypatch.setenv("SUPABASE_URL", answering(*reply))
    for door in ADMIN_DOORS:
        assert (await knock(site, door, "Bearer aaaa.bbbb.cccc")).status_code == expected
