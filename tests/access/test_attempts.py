"""What strangers and users get when they try everything that the API has, each function, table, column and embedding.

They are found in the database, not in a list. tests/sql/test_grants.py reads the grants; this is what they do."""

import httpx
import pytest

from tests.access.world import World, verdict

CLIENTS = ["anon", "user"]
REST = "/rest/v1"
# The few doors that are open. All else is denied, with 42501.
READ = {"comments", "posts_new", "post_images", "post_thumbnails", "post_rankings"}
OPEN = {
    **{(who, table, "read"): "1 rows" for who in CLIENTS for table in READ},
    # Their policies show nobody else's rows, so there is nothing to change.
    **{("user", table, "read"): "hidden" for table in ("notifications", "push_subscriptions")},
    **{(who, "posts_new", "delete"): "hidden" for who in CLIENTS},
    **{
        (who, f"posts_new.{column}", "update"): "hidden"
        for who in CLIENTS
        for column in ("id", "user_id", "caption", "image_url")
    },
    ("user", "notifications.read_at", "update"): "hidden",
    ("user", "push_subscriptions", "delete"): "hidden",
}
# A text that is a value of a type, for calls by GET; "1" is one of the others.
TEXTS = {
    "uuid": "00000000-0000-4000-8000-000000000001",
    "jsonb": "[]",
    "job_type": "process_image",
    "timestamp with time zone": "2026-01-01T00:00:00Z",
    "interval": "1 day",
    **dict.fromkeys(("uuid[]", "text[]", "job_type[]", "integer[]", "job_status[]"), "{}"),
    "job_status": "pending",
}
UPSERT = {"Prefer": "resolution=merge-duplicates,return=representation"}
PRIVATE = {"Accept-Profile": "queue_private", "Content-Profile": "queue_private"}


def expected(who: str, what: str, how: str) -> str:
    """What the list above says of an attempt."""
    if who == "user" and how == "update" and what.partition(".")[0] == "push_subscriptions":
        return "hidden"
    return OPEN.get((who, what, how), "denied")


def test_every_table_has_a_row_of_somebody_else(world: World) -> None:
    """Or "sees nothing" would prove nothing: a new table needs a row in SEED."""
    counted = {name: world.clients["service"].get(f"{REST}/{name}?limit=1").json() for name in world.relations}
    assert [name for name, rows in counted.items() if not rows] == []


@pytest.mark.parametrize("who", CLIENTS)
def test_nobody_calls_a_function(world: World, who: str) -> None:
    """By POST with its own arguments, and by GET. The same way is open to the service."""
    before, functions = world.rows(), world.functions
    calls = {}
    for name, arguments in functions.items():
        path, texts = f"{REST}/rpc/{name}", {each.name: TEXTS.get(each.type, "1") for each in arguments if each.needed}
        calls[f"POST {name}"] = world.clients[who].post(path, json={each.name: None for each in arguments})
        calls[f"GET {name}"] = world.clients[who].get(path, params=texts)
    said = {call: reply.text for call, reply in calls.items()}
    # At the door of the function itself: what it reads inside would be denied too.
    closed = {call for call in calls if f'permission denied for function {call.split()[1]}"' in said[call]}
    assert {call: said[call] for call in calls.keys() - closed} == {}
    assert {"claim_jobs", "settle_jobs", "set_like"} <= functions.keys()
    assert world.rows() == before
    health = world.clients["service"].post(f"{REST}/rpc/queue_health", json={})
    assert health.status_code == 200


@pytest.mark.parametrize("who", CLIENTS)
def test_nobody_reads_or_deletes_more_than_is_listed(world: World, who: str) -> None:
    """Of every table and view; and what may be deleted is not there for them."""
    before, client = world.rows(), world.clients[who]
    for name in world.relations:
        assert verdict(client.get(f"{REST}/{name}?select=*")) == expected(who, name, "read"), name
        deleted = client.delete(f"{REST}/{name}", headers={"Prefer": "return=minimal"})
        assert verdict(deleted) == expected(who, name, "delete"), name
        shown = client.delete(f"{REST}/{name}", headers={"Prefer": "return=representation"})
        assert verdict(shown) == expected(who, name, "delete"), name
    assert world.rows() == before


@pytest.mark.parametrize("who", CLIENTS)
def test_nobody_writes_another_column_than_is_listed(world: World, who: str) -> None:
    """Column by column, by update and by upsert; and no row of another changes."""
    before, client = world.rows(), world.clients[who]
    for name in world.relations:
        for column in world.columns(name):
            update = client.patch(f"{REST}/{name}", json={column: None})
            assert verdict(update) == expected(who, f"{name}.{column}", "update"), (name, column)
            insert = client.post(f"{REST}/{name}", json={column: None}, headers=UPSERT)
            # A subscription without an endpoint is none.
            incomplete = (who, name) == ("user", "push_subscriptions") and insert.json()["code"] == "23502"
            assert verdict(insert) == "denied" or incomplete, (name, column)
    assert world.rows() == before


@pytest.mark.parametrize("who", CLIENTS)
def test_nothing_is_read_by_way_of_another_table(world: World, who: str) -> None:
    """Embedded in what may be read, and in what an insert or an update returns."""
    client, returned = world.clients[who], {"Prefer": "return=representation"}
    pairs = world.related
    assert ("posts_new", "post_ratings") in pairs
    for outer, inner in pairs:
        query = f"{REST}/{outer}?select=*,{inner}(*)"
        if "denied" in (expected(who, outer, "read"), expected(who, inner, "read")):
            assert verdict(client.get(query)) == "denied", query
        body = {world.columns(outer)[0]: None}
        assert verdict(client.patch(query, json=body, headers=returned)) in ("denied", "hidden"), query
        assert client.post(query, json=body, headers=returned).is_error, query


@pytest.mark.parametrize("who", CLIENTS)
def test_a_user_takes_nobody_elses_place(world: World, who: str) -> None:
    """Neither by naming them, nor by taking their row over with an upsert."""
    client, before = world.clients[who], world.rows()
    (post,) = world.db.execute("select id::text, user_id::text from public.posts_new").fetchall()
    taken = {"id": post["id"], "user_id": post["user_id"], "caption": "mine now"}
    assert verdict(client.post(f"{REST}/posts_new", json=taken, headers=UPSERT)) == "denied"
    subscription = {"user_id": post["user_id"], "endpoint": "https://push.example.com/2", "p256dh": "x", "auth": "x"}
    assert verdict(client.post(f"{REST}/push_subscriptions", json=subscription)) == "denied"
    assert world.rows() == before


@pytest.mark.parametrize("who", CLIENTS)
def test_the_private_schema_is_not_served(world: World, who: str) -> None:
    """Whatever is in it, by any verb."""
    private = world.names("select relname from pg_class where relnamespace = 'queue_private'::regnamespace")
    client = world.clients[who]
    for name in private[:5]:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            body: dict[str, str] | None = {} if method in ("POST", "PATCH") else None
            reply = client.request(method, f"{REST}/{name}", json=body, headers=PRIVATE)
            assert (reply.status_code, reply.json()["code"]) == (406, "PGRST106")


def denied_by_storage(reply: httpx.Response) -> bool:
    """Storage answers 400 and says what it means in the body."""
    return reply.is_error and (reply.status_code in (401, 403) or '"statusCode":"40' in reply.text)


@pytest.mark.parametrize("who", CLIENTS)
def test_nobody_changes_a_bucket_or_a_file(world: World, who: str) -> None:
    """Nor lists them. What is public is read by its address."""
    client, service = world.clients[who], world.clients["service"]
    file, webp = "/storage/v1/object/post-images/a/b.webp", {"content-type": "image/webp"}
    service.post(file, content=b"of a post", headers={**webp, "x-upsert": "true"}).raise_for_status()
    attempts = [
        client.post(file, content=b"another", headers={**webp, "x-upsert": "true"}),
        client.put(file, content=b"another", headers=webp),
        client.post("/storage/v1/object/post-images/c.webp", content=b"new", headers=webp),
        client.post("/storage/v1/bucket", json={"id": "mine", "name": "mine", "public": True}),
        client.put(
            "/storage/v1/bucket/post-images", json={"id": "post-images", "name": "post-images", "public": False}
        ),
        client.post("/storage/v1/bucket/post-images/empty"),
        client.delete("/storage/v1/bucket/post-images"),
        client.request("GET", "/storage/v1/object/authenticated/post-images/a/b.webp"),
    ]
    assert [reply.request.url.path for reply in attempts if not denied_by_storage(reply)] == []
    client.request("DELETE", "/storage/v1/object/post-images", json={"prefixes": ["a/b.webp"]})
    listed = client.post("/storage/v1/object/list/post-images", json={"prefix": ""})
    buckets = client.get("/storage/v1/bucket")
    assert (listed.json(), buckets.json()) == ([], [])
    assert client.get("/storage/v1/object/public/post-images/a/b.webp").content == b"of a post"


def test_one_table_is_in_realtime(world: World) -> None:
    """What is in the publication is told to who may read its rows: notifications, each to its user."""
    published = world.names(
        "select schemaname || '.' || tablename from pg_publication_tables where pubname = 'supabase_realtime'"
    )
    assert published == ["public.notifications"]
