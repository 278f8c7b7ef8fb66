"""/api/ratings: whose like it is, by a session id or by a signed-in user."""

from typing import Any

import httpx
import psycopg
import pytest

from tests.routes.conftest import Logged
from tests.routes.test_auth import sign_up
from tests.routes.test_ratings import OTHER, SESSION, URL, new_posts, ratings_of

type Db = psycopg.Connection[dict[str, Any]]
SHORT = "V1StGXR8"


@pytest.fixture
def post(db: Db) -> str:
    """A post that nobody likes yet."""
    return new_posts(db, 1)[0]


async def test_the_header_is_a_session_as_the_body_is(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """So that a bearer secret need not be in a URL."""
    header = {"x-session-id": SESSION}
    liked = await site.post(URL, json={"postId": post}, headers=header)
    assert (liked.status_code, liked.json()["liked"], ratings_of(db, post)) == (200, True, [SESSION])
    seen = await site.get(URL, params={"postId": post}, headers=header)
    assert seen.json()["ratings"][0]["liked"] is True
    unliked = await site.put(URL, json={"postId": post, "liked": False}, headers=header)
    assert (unliked.status_code, ratings_of(db, post)) == (200, [])


async def test_a_header_and_a_body_must_agree(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """A like in the name of the one that was not meant cannot be seen by who clicked."""
    for method, extra in (("POST", {}), ("PUT", {"liked": True})):
        body = {"postId": post, "sessionId": SESSION} | extra
        reply = await site.request(method, URL, json=body, headers={"x-session-id": OTHER})
        assert (reply.status_code, reply.json()["error"]["details"][0]["field"]) == (422, "sessionId")
    query = {"postId": post, "sessionId": SESSION}
    assert (await site.get(URL, params=query, headers={"x-session-id": OTHER})).status_code == 422
    assert ratings_of(db, post) == []
    assert (await site.get(URL, params=query, headers={"x-session-id": SESSION})).status_code == 200


async def test_an_id_is_the_same_in_the_header_and_in_the_body(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """Headers carry its UTF-8."""
    session = "ses\u00e0-\U0001f600-" * 3
    header: list[tuple[bytes, bytes]] = [(b"x-session-id", session.encode())]
    assert (await site.post(URL, json={"postId": post}, headers=header)).status_code == 200
    assert ratings_of(db, post) == [session]


@pytest.mark.parametrize(
    "session", ["x" * 15, "x" * 129, "user:0197a000-0000-7000-8000-000000000000", "user:aaaaaaaaaaaaaaaaaaaa"]
)
async def test_a_session_in_the_header_keeps_the_rules(site: httpx.AsyncClient, post: str, session: str) -> None:
    """Those of one in the body; the message names the field and never the value."""
    for body, headers in (({"postId": post}, {"x-session-id": session}), ({"postId": post, "sessionId": session}, {})):
        reply = await site.post(URL, json=body, headers=headers)
        assert (reply.status_code, reply.json()["error"]["details"][0]["field"]) == (422, "sessionId")
        assert session not in reply.text


async def test_without_a_session_the_field_is_named(site: httpx.AsyncClient, post: str) -> None:
    """With the three ways to say whose like it is."""
    reply = await site.post(URL, json={"postId": post})
    error = reply.json()["error"]
    assert (reply.status_code, error["details"][0]["field"]) == (422, "sessionId")
    assert "x-session-id" in error["message"]
    assert "access token" in error["message"]


async def test_a_short_session_that_an_adopted_app_stored(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """It can take its like back, and like again; a short one that is not there cannot like."""
    db.execute("insert into public.post_ratings (post_id, session_id) values (%s, %s)", (post, SHORT))
    states = [(await site.post(URL, json={"postId": post, "sessionId": SHORT})).json().get("liked") for _ in range(3)]
    assert states == [False, True, False]
    refused = await site.post(URL, json={"postId": post, "sessionId": "another8"})
    assert (refused.status_code, refused.json()["error"]["details"][0]["field"]) == (422, "sessionId")


# -- signed-in users


async def test_a_user_likes_the_same_on_two_devices(
    site: httpx.AsyncClient, env: dict[str, str], db: Db, post: str
) -> None:
    """Two access tokens of one user are one session, so a like is one."""
    user_id, token = await sign_up(env, "user@example.com")
    async with httpx.AsyncClient() as auth:
        other_device = await auth.post(
            f"{env['SUPABASE_URL']}/auth/v1/token?grant_type=password",
            headers={"apikey": env["SUPABASE_ANON_KEY"]},
            json={"email": "user@example.com", "password": "a-long-password"},
        )
    second = other_device.json()["access_token"]
    assert second != token
    for each in (token, second):
        headers = {"authorization": f"Bearer {each}"}
        reply = await site.put(URL, json={"postId": post, "liked": True}, headers=headers)
        assert reply.json() == {"postId": post, "liked": True, "likes": 1}
        seen = await site.get(URL, params={"postId": post}, headers=headers)
        assert seen.json()["ratings"][0]["liked"] is True
    assert ratings_of(db, post) == [f"user:{user_id}"]


@pytest.mark.parametrize("token", ["nonsense", "aaaa.bbbb.cccc"])
async def test_a_bad_token_is_no_user(site: httpx.AsyncClient, db: Db, post: str, token: str) -> None:
    """401, and nothing is liked in anybody's name."""
    reply = await site.post(URL, json={"postId": post}, headers={"authorization": f"Bearer {token}"})
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert ratings_of(db, post) == []


async def test_a_token_beside_a_session_is_not_looked_at(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """Clients that send their token everywhere, an expired one too, go on liking as their session."""
    headers = {"authorization": "Bearer aaaa.bbbb.cccc"}
    assert (await site.post(URL, json={"postId": post, "sessionId": SESSION}, headers=headers)).status_code == 200
    assert ratings_of(db, post) == [SESSION]


# -- a secret


async def test_a_session_id_is_never_logged_nor_listed(
    site: httpx.AsyncClient, env: dict[str, str], db: Db, post: str, logged: Logged
) -> None:
    """Whatever becomes of the request; operators do not see it either."""
    secret = "canary-of-a-session-id"
    for session in (secret, f"{secret}\0", f"{secret}-" * 9):
        for body in ({"postId": post}, {"postId": "1"}, {"postId": "01890000-0000-7000-8000-000000000001"}):
            await site.post(URL, json=body | {"sessionId": session})
            await site.put(URL, json=body | {"sessionId": session, "liked": True})
            await site.get(URL, params=body | {"sessionId": session})
    await site.post(URL, json={"postId": post}, headers={"x-session-id": secret})
    await site.put(URL, json={"postId": post, "liked": True}, headers={"x-session-id": secret})
    assert ratings_of(db, post) == [secret]
    db.execute("alter table public.post_ratings rename to gone")
    broken = await site.post(URL, json={"postId": post}, headers={"x-session-id": secret})
    assert broken.status_code == 503
    db.execute("alter table public.gone rename to post_ratings")

    admin = {"authorization": f"Bearer {env['ADMIN_API_TOKEN']}"}
    cron = {"authorization": f"Bearer {env['CRON_SECRET']}"}
    texts = [
        (await site.get(path, headers=headers)).text
        for path, headers in (
            ("/api/admin/queue/jobs", admin),
            ("/api/queue/process", cron),
            ("/api/admin/queue/jobs", admin),
            ("/api/admin/queue/stats", admin),
            ("/api/health/queue", {}),
        )
    ]
    assert "sync_like_count" in texts[0]
    assert secret not in "".join(texts) + logged.text + broken.text
