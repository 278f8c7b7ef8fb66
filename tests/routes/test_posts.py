"""POST and GET /api/posts."""

import base64
import json
import uuid
from typing import Any

import httpx
import psycopg
import pytest

from tests.routes.test_auth import sign_up

type Db = psycopg.Connection[dict[str, Any]]


@pytest.fixture
async def user(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A signed-up user's id and access token; images may come from images.example.com."""
    monkeypatch.setenv("IMAGE_HOSTS", "images.example.com, cdn.example.com:8443")
    return await sign_up(env, f"{uuid.uuid4()}@example.com")


URL = "https://images.example.com/a.jpg"


async def post(site: httpx.AsyncClient, user: tuple[str, str], body: Any) -> httpx.Response:
    """Add a post as that user."""
    return await site.post("/api/posts", json=body, headers={"authorization": f"Bearer {user[1]}"})


def add_posts(db: Db, count: int) -> None:
    """Add posts; each three share a moment and a score, so the id must decide."""
    db.execute(
        """insert into public.posts_new (caption, likes, created_at)
        select n, n / 3, now() - make_interval(secs => n / 3) from generate_series(1, %s) as n""",
        (count,),
    )
    db.execute("select * from public.recompute_rankings()")


async def pages(site: httpx.AsyncClient, sort: str, limit: int) -> list[list[dict[str, Any]]]:
    """Read all pages."""
    read: list[list[dict[str, Any]]] = []
    cursor = None
    while cursor is not None or not read:
        query = {"sort": sort, "limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        reply = await site.get("/api/posts", params=query)
        assert reply.status_code == 200, reply.text
        read.append(reply.json()["posts"])
        cursor = reply.json()["nextCursor"]
    return read


# -- adding


async def test_adds_a_post_for_the_user_who_calls(site: httpx.AsyncClient, user: tuple[str, str], db: Db) -> None:
    """201, the post, and the job that its image waits for."""
    reply = await post(site, user, {"caption": "hello", "imageUrl": URL})
    assert reply.status_code == 201
    body = reply.json()
    assert {**body["post"], "id": "", "createdAt": ""} == {
        "id": "",
        "userId": user[0],
        "caption": "hello",
        "imageUrl": URL,
        "likes": 0,
        "createdAt": "",
        "image": None,
    }
    job = db.execute("select * from public.background_jobs where id = %s", (body["jobId"],)).fetchone()
    assert job
    assert job["payload"] == {"post_id": body["post"]["id"], "image_url": URL}
    assert job["idempotency_key"] == f"process_image_{body['post']['id']}"


async def test_the_user_is_the_one_of_the_token(site: httpx.AsyncClient, user: tuple[str, str], db: Db) -> None:
    """Nobody posts in another's name."""
    reply = await post(site, user, {"imageUrl": URL, "userId": str(uuid.uuid4())})
    assert reply.status_code == 422
    assert db.execute("select id from public.posts_new").fetchall() == []


async def test_more_images_than_the_limit_allows_are_refused(
    site: httpx.AsyncClient, user: tuple[str, str], db: Db
) -> None:
    """429 with Retry-After, and no post."""
    db.execute("update queue_private.limits set value = 1 where name = 'unfinished_image_jobs_per_user'")
    assert (await post(site, user, {"imageUrl": URL})).status_code == 201
    reply = await post(site, user, {"imageUrl": URL})
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "60")
    assert reply.json()["error"]["message"] == "a user has at most 1 unfinished image jobs"
    assert len(db.execute("select id from public.posts_new").fetchall()) == 1


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Bearer a.b.c", "Basic dXNlcjpwYXNz"])
async def test_others_are_not_let_in(site: httpx.AsyncClient, authorization: str | None, db: Db) -> None:
    """401, and no post."""
    headers = {} if authorization is None else {"authorization": authorization}
    reply = await site.post("/api/posts", json={"imageUrl": URL}, headers=headers)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert db.execute("select id from public.posts_new").fetchall() == []


async def test_the_projects_own_keys_are_no_user(site: httpx.AsyncClient, env: dict[str, str]) -> None:
    """Every browser has the anon key."""
    for key in (env["SUPABASE_ANON_KEY"], env["SUPABASE_SERVICE_ROLE_KEY"], env["ADMIN_API_TOKEN"]):
        reply = await site.post("/api/posts", json={"imageUrl": URL}, headers={"authorization": f"Bearer {key}"})
        assert reply.status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "imageUrl"),
        ({"imageUrl": ""}, "imageUrl"),
        ({"imageUrl": None}, "imageUrl"),
        ({"imageUrl": 7}, "imageUrl"),
        ({"imageUrl": "not a url"}, "imageUrl"),
        ({"imageUrl": "javascript:alert(1)"}, "imageUrl"),
        ({"imageUrl": "data:image/png;base64,AA"}, "imageUrl"),
        ({"imageUrl": "https://evil.example.org/a.jpg"}, "imageUrl"),
        ({"imageUrl": "https://images.example.com:8443/a.jpg"}, "imageUrl"),
        ({"imageUrl": "https://user@images.example.com/a.jpg"}, "imageUrl"),
        ({"imageUrl": "http://169.254.169.254/latest"}, "imageUrl"),
        ({"imageUrl": URL + "x" * 2048}, "imageUrl"),
        ({"imageUrl": URL, "caption": "x" * 2201}, "caption"),
        ({"imageUrl": URL, "caption": "a\0b"}, "caption"),
        ({"imageUrl": URL, "caption": ["x"]}, "caption"),
        ({"imageUrl": URL, "likes": 5}, "likes"),
        ({"imageUrl": URL, "extra": 1}, "extra"),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named(
    site: httpx.AsyncClient, user: tuple[str, str], db: Db, body: Any, field: str
) -> None:
    """422 with the field and the rule, and no post."""
    reply = await post(site, user, body)
    assert reply.status_code == 422, reply.text
    assert [problem["field"] for problem in reply.json()["error"]["details"]] == [field]
    assert db.execute("select id from public.posts_new").fetchall() == []


@pytest.mark.parametrize(
    "body",
    [
        {"imageUrl": "https://cdn.example.com:8443/a.jpg"},
        {"image_url": URL, "caption": None},
        {"imageUrl": URL, "caption": "x" * 2200},
        {"imageUrl": URL, "caption": "👩‍👩‍👧‍👦 ñandú"},
        {"imageUrl": URL.ljust(2048, "x")},
    ],
)
async def test_what_is_allowed_is_taken(site: httpx.AsyncClient, user: tuple[str, str], body: Any) -> None:
    """Up to the limits, in both spellings."""
    reply = await post(site, user, body)
    assert reply.status_code == 201
    assert reply.json()["post"]["caption"] == body.get("caption")


async def test_the_supabase_projects_own_images_are_allowed(
    site: httpx.AsyncClient, env: dict[str, str], user: tuple[str, str]
) -> None:
    """Frontends upload there first."""
    url = env["SUPABASE_URL"] + "/storage/v1/object/public/posts/a.jpg"
    assert (await post(site, user, {"imageUrl": url})).status_code == 201


# -- reading


@pytest.mark.parametrize("sort", ["new", "hot"])
@pytest.mark.parametrize("limit", [1, 4, 7, 100])
async def test_pages_have_no_gaps_and_no_doubles(site: httpx.AsyncClient, db: Db, sort: str, limit: int) -> None:
    """Also where many posts share a moment or a score."""
    add_posts(db, 21)
    read = await pages(site, sort, limit)
    ids = [each["id"] for page in read for each in page]
    assert len(ids) == len(set(ids)) == 21
    assert [len(page) for page in read[:-1]] == [limit] * (len(read) - 1)
    assert read[-1] or limit == 100


async def test_new_is_newest_first_and_hot_is_hottest_first(site: httpx.AsyncClient, db: Db) -> None:
    """By created_at, and by the ranking."""
    add_posts(db, 9)
    db.execute("update public.posts_new set likes = 1000 where caption = '9'")
    db.execute("select * from public.recompute_rankings()")
    newest = [each["createdAt"] for page in await pages(site, "new", 4) for each in page]
    assert newest == sorted(newest, reverse=True)
    assert (await pages(site, "hot", 4))[0][0]["caption"] == "9"


@pytest.mark.parametrize("sort", ["new", "hot"])
async def test_pages_hold_together_while_posts_come_and_go(site: httpx.AsyncClient, db: Db, sort: str) -> None:
    """A page begins after a post, not after a number of posts."""
    add_posts(db, 12)
    first = (await site.get("/api/posts", params={"sort": sort, "limit": 4})).json()
    db.execute("insert into public.posts_new (caption, likes) values ('newer', 999999)")
    db.execute("delete from public.posts_new where id = %s", (first["posts"][-1]["id"],))
    db.execute("select * from public.recompute_rankings()")
    second = (await site.get("/api/posts", params={"sort": sort, "limit": 100, "cursor": first["nextCursor"]})).json()
    ids = [each["id"] for each in first["posts"] + second["posts"]]
    assert len(ids) == len(set(ids)) == 12
    assert second["nextCursor"] is None


@pytest.mark.parametrize("sort", ["new", "hot"])
async def test_a_page_is_bounded_in_bytes(site: httpx.AsyncClient, db: Db, sort: str) -> None:
    """The platform sends 4.5 MB at most. A page ends earlier, and the next one goes on."""
    db.execute("alter table public.posts_new drop constraint posts_new_caption_is_short")  # as an adopted table
    add_posts(db, 30)
    db.execute("update public.posts_new set caption = caption || repeat(chr(1), 50000)")  # 300 KB of JSON each
    db.execute("update public.posts_new set caption = repeat(chr(1), 5000000) where caption like '7%'")
    reply = await site.get("/api/posts", params={"sort": sort, "limit": "100"})
    assert len(reply.content) < 1_100_000
    ids = [each["id"] for page in await pages(site, sort, 100) for each in page]
    assert len(ids) == len(set(ids)) == 30


async def test_anyone_reads_with_what_is_stored_of_the_image(site: httpx.AsyncClient, db: Db) -> None:
    """Without a token; null until the image is processed."""
    add_posts(db, 1)
    assert (await pages(site, "new", 5))[0][0]["image"] is None
    db.execute(
        """insert into public.post_images (post_id, source_url, width, height, blurhash, webp_url, jpeg_url)
        select id, 'https://a/b', 3, 2, 'LKO2', 'https://w', 'https://j' from public.posts_new"""
    )
    db.execute(
        "insert into public.post_thumbnails (post_id, size, width, height, url) "
        "select id, '150', 2, 2, 'https://t' from public.posts_new"
    )
    assert (await pages(site, "new", 5))[0][0]["image"] == {
        "width": 3,
        "height": 2,
        "blurhash": "LKO2",
        "webpUrl": "https://w",
        "jpegUrl": "https://j",
        "thumbnails": [{"size": "150", "width": 2, "height": 2, "url": "https://t"}],
    }


async def test_nothing_is_an_empty_page(site: httpx.AsyncClient) -> None:
    """Not an error."""
    for sort in ("new", "hot"):
        reply = await site.get("/api/posts", params={"sort": sort})
        assert reply.json() == {"posts": [], "nextCursor": None}


async def test_posts_are_found_by_their_ids(site: httpx.AsyncClient, db: Db) -> None:
    """In the order asked for, each once, and without those that do not exist: a page waits so for its new images."""
    add_posts(db, 5)
    ids = [str(row["id"]) for row in db.execute("select id from public.posts_new order by id desc limit 3")]
    reply = await site.get("/api/posts", params={"id": [ids[0], str(uuid.uuid4()), *ids]})
    assert reply.status_code == 200, reply.text
    assert [each["id"] for each in reply.json()["posts"]] == ids
    assert reply.json()["nextCursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"id": [str(uuid.uuid4()) for _ in range(101)]}, "id"),
        ({"id": "7"}, "id.0"),
        ({"id": str(uuid.uuid4()), "cursor": "x"}, "cursor"),
    ],
)
async def test_bad_ids_are_refused(site: httpx.AsyncClient, query: dict[str, Any], field: str) -> None:
    """422, naming the parameter."""
    reply = await site.get("/api/posts", params=query)
    assert reply.status_code == 422
    assert reply.json()["error"]["details"][0]["field"] == field


def cursor_of(content: Any) -> str:
    """Something that looks like a cursor."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


ID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "????",
        "ñ",
        "",
        "AAAA",
        "W1tbW1tbW1tb" * 30,
        cursor_of([]),
        cursor_of(None),
        cursor_of(["new", "2026-01-01", ID]),
        cursor_of(["new", "yesterday", ID]),
        cursor_of(["new", "'; drop table posts_new; --", ID]),
        cursor_of(["new", "2026-01-01T00:00:00Z", "7"]),
        cursor_of(["new", 1893456000, ID]),
        cursor_of(["hot", "1.5", ID]),
        cursor_of(["new", "2026-01-01T00:00:00Z", ID, 1]),
        cursor_of({"sort": "new"}),
    ],
)
async def test_a_cursor_that_is_none_is_refused(site: httpx.AsyncClient, cursor: str) -> None:
    """422, naming it; a cursor of the other sort too."""
    reply = await site.get("/api/posts", params={"sort": "new", "cursor": cursor})
    assert reply.status_code == 422, reply.text
    assert reply.json()["error"]["details"][0]["field"] == "cursor"


@pytest.mark.parametrize("key", ["nan", "inf", "-inf", "1e999", "x", None, True, "1.5\x00"])
async def test_a_score_that_is_none_is_refused(site: httpx.AsyncClient, key: Any) -> None:
    """Infinity is a number for Python, and none here."""
    reply = await site.get("/api/posts", params={"sort": "hot", "cursor": cursor_of(["hot", key, ID])})
    assert reply.status_code == 422, reply.text


@pytest.mark.parametrize("query", ["sort=best", "limit=0", "limit=101", "limit=x", "page=2", "sort=new&sort=hot"])
async def test_a_query_that_breaks_a_rule_is_refused(site: httpx.AsyncClient, query: str) -> None:
    """422."""
    assert (await site.get(f"/api/posts?{query}")).status_code == 422


async def test_browsers_of_the_allowed_origins_may_call(site: httpx.AsyncClient) -> None:
    """The reply to their preflight names both methods."""
    reply = await site.request("PUT", "/api/posts")
    assert reply.status_code == 405
    assert {"GET", "POST"} <= set(reply.headers["allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("key", ["1_000", " 1.5 ", "1e3"])
async def test_a_score_is_what_it_means(site: httpx.AsyncClient, key: str) -> None:
    """Also in a spelling that Postgres does not know."""
    reply = await site.get("/api/posts", params={"sort": "hot", "cursor": cursor_of(["hot", key, ID])})
    assert reply.json() == {"posts": [], "nextCursor": None}
