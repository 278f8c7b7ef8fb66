"""/api/ratings: read, toggle and set likes."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

type Db = psycopg.Connection[dict[str, Any]]
SESSION, OTHER = "session-of-the-test-1", "session-of-the-test-2"
URL = "/api/ratings"


@pytest.fixture
def post(db: Db) -> str:
    """A post that nobody likes yet."""
    return new_posts(db, 1)[0]


def new_posts(db: Db, count: int, likes: int = 0) -> list[str]:
    """Add posts with a stored count, and return their ids."""
    rows = db.execute(
        "insert into public.posts_new (likes) select %s from generate_series(1, %s) returning id", (likes, count)
    )
    return [str(row["id"]) for row in rows.fetchall()]


def ratings_of(db: Db, post: str) -> list[str]:
    """Return the sessions that like a post."""
    rows = db.execute("select session_id from public.post_ratings where post_id = %s order by 1", (post,))
    return [row["session_id"] for row in rows.fetchall()]


async def test_a_click_likes_and_the_next_one_unlikes(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """The answer is what a count at that moment says, whatever is stored until the sync has run."""
    liked = await site.post(URL, json={"postId": post, "sessionId": SESSION})
    assert (liked.status_code, liked.json()) == (200, {"postId": post, "liked": True, "likes": 1})
    assert ratings_of(db, post) == [SESSION]
    db.execute("update public.posts_new set likes = 41")
    unliked = await site.post(URL, json={"postId": post, "sessionId": SESSION})
    assert unliked.json() == {"postId": post, "liked": False, "likes": 0}
    assert ratings_of(db, post) == []


async def test_setting_is_safe_to_repeat(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """Only the first one moves anything; ten others like the post."""
    db.execute(
        "insert into public.post_ratings (post_id, session_id) select %s, 'session-of-others-' || n"
        " from generate_series(1, 10) as n",
        (post,),
    )
    request = {"postId": post, "sessionId": SESSION}
    answers = [(await site.put(URL, json=request | {"liked": liked})).json() for liked in (True, True, False, False)]
    assert [(each["liked"], each["likes"]) for each in answers] == [(True, 11), (True, 11), (False, 10), (False, 10)]


async def test_reading_many_posts(site: httpx.AsyncClient, db: Db) -> None:
    """In the order asked for; unknown ones are left out, repeated ones are one. The one that was just liked is counted,
    of the other the stored number is right."""
    first, second = new_posts(db, 2, likes=3)
    await site.post(URL, json={"postId": second, "sessionId": SESSION})
    params = [("postId", second), ("postId", str(uuid4())), ("postId", first), ("postId", second)]
    reply = await site.get(URL, params=[*params, ("sessionId", SESSION)])
    assert reply.json() == {
        "ratings": [
            {"postId": second, "liked": True, "likes": 1},
            {"postId": first, "liked": False, "likes": 3},
        ]
    }


async def test_up_to_a_hundred_posts(site: httpx.AsyncClient, db: Db) -> None:
    """A page of the feed in one call."""
    posts = new_posts(db, 101)
    reply = await site.get(URL, params={"postId": posts[:100], "sessionId": SESSION})
    assert len(reply.json()["ratings"]) == 100
    assert (await site.get(URL, params={"postId": posts, "sessionId": SESSION})).status_code == 422


async def test_snake_case_is_read_too(site: httpx.AsyncClient, post: str) -> None:
    """And answered in camelCase."""
    reply = await site.put(URL, json={"post_id": post, "session_id": SESSION, "liked": True})
    assert reply.json() == {"postId": post, "liked": True, "likes": 1}
    reply = await site.get(URL, params={"post_id": post, "session_id": SESSION})
    assert reply.json()["ratings"][0]["liked"] is True


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_post_that_is_not_there(site: httpx.AsyncClient, method: str) -> None:
    """Neither a rating nor a job is left behind."""
    body = {"postId": str(uuid4()), "sessionId": SESSION} | ({"liked": True} if method == "PUT" else {})
    reply = await site.request(method, URL, json=body)
    assert reply.status_code == 404
    assert reply.json() == {"error": {"code": "not_found", "message": "there is no such post"}}


async def test_concurrent_clicks_of_one_session(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """Each toggles: an even number leaves no like, an odd one leaves one, and none fails."""
    for clicks, left in ((2, []), (7, [SESSION])):
        replies = await asyncio.gather(
            *(site.post(URL, json={"postId": post, "sessionId": SESSION}) for _ in range(clicks))
        )
        assert {reply.status_code for reply in replies} == {200}
        assert ratings_of(db, post) == left
        states = Counter(reply.json()["liked"] for reply in replies)
        assert abs(states[True] - states[False]) == clicks % 2


async def test_concurrent_sets_of_one_session(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """A repeated request of an impatient client is one like."""
    request = {"postId": post, "sessionId": SESSION, "liked": True}
    replies = await asyncio.gather(*(site.put(URL, json=request) for _ in range(8)))
    assert {(reply.status_code, reply.json()["liked"]) for reply in replies} == {(200, True)}
    assert ratings_of(db, post) == [SESSION]


async def test_the_stored_count_follows(site: httpx.AsyncClient, env: dict[str, str], db: Db, post: str) -> None:
    """By a job that the rating asked for, in the worker's next run."""
    for session in (SESSION, OTHER):
        await site.post(URL, json={"postId": post, "sessionId": session})
    db.execute("update public.background_jobs set scheduled_for = now() where status = 'pending'")
    authorization = {"authorization": f"Bearer {env['CRON_SECRET']}"}
    run = (await site.get("/api/queue/process", headers=authorization)).json()
    assert run["completed"] >= 1
    reply = await site.get(URL, params={"postId": post, "sessionId": OTHER})
    assert reply.json()["ratings"] == [{"postId": post, "liked": True, "likes": 2}]


GOOD: dict[str, Any] = {"postId": "01890000-0000-7000-8000-000000000001", "sessionId": SESSION}


@pytest.mark.parametrize(
    ("method", "body", "field"),
    [
        ("POST", {"sessionId": SESSION}, "postId"),
        ("POST", {"postId": GOOD["postId"]}, "sessionId"),
        ("POST", GOOD | {"postId": "1"}, "postId"),
        ("POST", GOOD | {"postId": None}, "postId"),
        ("POST", GOOD | {"postId": [GOOD["postId"]]}, "postId"),
        ("POST", GOOD | {"sessionId": "x" * 15}, "sessionId"),
        ("POST", GOOD | {"sessionId": "x" * 129}, "sessionId"),
        ("POST", GOOD | {"sessionId": 1234567890123456}, "sessionId"),
        ("POST", GOOD | {"sessionId": "a\0b" + "x" * 20}, "sessionId"),
        ("POST", GOOD | {"other": 1}, "other"),
        ("POST", GOOD | {"Other": 1}, "Other"),
        ("POST", [], "body"),
        ("POST", "text", "body"),
        ("PUT", GOOD, "liked"),
        ("PUT", GOOD | {"liked": "true"}, "liked"),
        ("PUT", GOOD | {"liked": 1}, "liked"),
        ("PUT", GOOD | {"liked": None}, "liked"),
    ],
)
async def test_a_broken_rule_is_named(site: httpx.AsyncClient, method: str, body: Any, field: str) -> None:
    """The field as the client wrote it, and the rule; never the value."""
    reply = await site.request(method, URL, json=body)
    assert reply.status_code == 422
    error = reply.json()["error"]
    assert error["code"] == "invalid_input"
    assert [each["field"] for each in error["details"]] == [field]
    assert error["details"][0]["rule"]
    assert error["message"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "postId"),
        (f"postId={GOOD['postId']}", "sessionId"),
        (f"sessionId={SESSION}", "postId"),
        (f"postId=1&sessionId={SESSION}", "postId.0"),
        (f"postId={GOOD['postId']}&sessionId={'x' * 129}", "sessionId"),
        (f"postId={GOOD['postId']}&sessionId={SESSION}&sessionId={SESSION}", "sessionId"),
        (f"postId={GOOD['postId']}&sessionId=%00{SESSION}", "sessionId"),
        (f"postId={GOOD['postId']}&sessionId={SESSION}&x=1", "x"),
    ],
)
async def test_a_broken_rule_of_the_query_is_named(site: httpx.AsyncClient, query: str, field: str) -> None:
    """As in a body."""
    reply = await site.get(f"{URL}?{query}")
    assert reply.status_code == 422
    assert reply.json()["error"]["details"][0]["field"] == field


@pytest.mark.parametrize("session", ["\ud800" * 16, "a" * 20 + "\udfff"])
async def test_half_a_character_is_no_session(site: httpx.AsyncClient, session: str) -> None:
    """JSON can write a lone surrogate; UTF-8 cannot."""
    escaped = session.encode("ascii", "backslashreplace").decode()
    body = f"""{{"postId": "{GOOD["postId"]}", "sessionId": "{escaped}"}}"""
    reply = await site.post(URL, content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 422
    assert reply.json()["error"]["details"][0]["field"] == "sessionId"


async def test_a_session_may_be_any_text(site: httpx.AsyncClient, db: Db, post: str) -> None:
    """16 to 128 characters, whatever they are."""
    for session in ("é" * 16, "\U0001f600" * 128, "' or 1=1; -- {}\\"):
        reply = await site.put(URL, json={"postId": post, "sessionId": session, "liked": True})
        assert reply.status_code == 200
        seen = await site.get(URL, params={"postId": post, "sessionId": session})
        assert seen.json()["ratings"][0]["liked"] is True
    assert len(ratings_of(db, post)) == 3
