"""Who sees and changes what: images are everyone's, notifications and subscriptions their user's."""

import uuid
from typing import Any

import psycopg
import pytest

from tests.jobs.asking import Connect, Db, add_post, as_user

ANNE, BERT = uuid.UUID(int=1, version=4), uuid.UUID(int=2, version=4)
DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def rows(db: Db) -> None:
    """A post with everything, and a notification and a subscription for each user."""
    post_id = add_post(db)
    db.execute(
        "insert into public.post_images (post_id, source_url, width, height, blurhash, webp_url, jpeg_url)"
        " values (%s, 'https://a', 1, 1, 'x', 'https://w', 'https://j')",
        (post_id,),
    )
    db.execute("insert into public.post_thumbnails values (%s, '150', 1, 1, 'https://t')", (post_id,))
    db.execute("select * from public.recompute_rankings()")
    for user in (ANNE, BERT):
        db.execute("insert into public.notifications (user_id, title, body) values (%s, 'Hello', 'x')", (user,))
        db.execute(
            "insert into public.push_subscriptions (user_id, endpoint, p256dh, auth)"
            " values (%s, 'https://push.example.com/' || %s::text, 'x', 'x')",
            (user, user),
        )


def owners(connection: psycopg.Connection[Any], table: str) -> list[uuid.UUID]:
    """Whose rows this connection sees."""
    found = connection.execute(f"select user_id from public.{table}".encode()).fetchall()  # noqa: S608 - of a list below
    return [row[0] for row in found]


PUBLIC = ["post_images", "post_thumbnails", "post_rankings"]
OWN = ["notifications", "push_subscriptions"]
HIDDEN = ["queue_private.push_deliveries", "queue_private.search_positions"]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize("table", PUBLIC)
def test_anyone_sees_images_and_rankings_and_nobody_changes_them(connect: Connect, role: str, table: str) -> None:
    """Only the jobs write."""
    connection = connect(role)
    seen = connection.execute(f"select count(*) from public.{table}".encode()).fetchone()  # noqa: S608 - of a list
    assert seen == (1,)
    for statement in ("delete from", "truncate", "insert into"):
        tail = " default values" if statement == "insert into" else ""
        with pytest.raises(DENIED):
            connection.execute(f"{statement} public.{table}{tail}".encode())
    with pytest.raises(DENIED):
        connection.execute(f"update public.{table} set post_id = post_id".encode())  # noqa: S608 - of a list above


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("table", OWN)
def test_a_user_sees_their_own_rows(connect: Connect, table: str) -> None:
    """And nobody else's."""
    assert owners(as_user(connect, ANNE), table) == [ANNE]
    assert owners(as_user(connect, uuid.uuid4()), table) == []


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("table", OWN + HIDDEN)
def test_a_visitor_sees_none(connect: Connect, table: str) -> None:
    """Without an account there is nothing to see."""
    with pytest.raises(DENIED):
        connect("anon").execute(f"select * from {table}".encode())  # noqa: S608 - of a list above


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("table", HIDDEN)
def test_what_is_the_jobs_own_nobody_sees(connect: Connect, table: str) -> None:
    """Signed in or not."""
    with pytest.raises(DENIED):
        as_user(connect, ANNE).execute(f"select * from {table}".encode())  # noqa: S608 - of a list above


@pytest.mark.usefixtures("rows")
def test_a_user_marks_their_own_notifications_read(connect: Connect, db: Db) -> None:
    """All that they see, and nothing else of them."""
    anne = as_user(connect, ANNE)
    anne.execute("update public.notifications set read_at = now()")
    anne.commit()
    read = db.execute("select user_id from public.notifications where read_at is not null").fetchall()
    assert read == [{"user_id": ANNE}]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    "statement",
    [
        "update public.notifications set title = 'x'",
        "update public.notifications set user_id = user_id",
        "delete from public.notifications",
        "insert into public.notifications (user_id, title, body) values (gen_random_uuid(), 'x', 'x')",
        "truncate public.notifications cascade",
        "truncate public.push_subscriptions cascade",
        """insert into public.push_subscriptions (user_id, endpoint, p256dh, auth)
        values (gen_random_uuid(), 'https://push.example.com/9', 'x', 'x')""",
        "update public.push_subscriptions set user_id = gen_random_uuid()",
    ],
)
def test_a_user_changes_nothing_else(connect: Connect, statement: str) -> None:
    """Neither what they were told nor what others are."""
    with pytest.raises(DENIED):
        as_user(connect, ANNE).execute(statement.encode())


@pytest.mark.usefixtures("rows")
def test_a_user_subscribes_and_unsubscribes(connect: Connect, db: Db) -> None:
    """user_id is theirs without being said; deleting reaches their own rows only."""
    anne = as_user(connect, ANNE)
    anne.execute(
        "insert into public.push_subscriptions (endpoint, p256dh, auth) values ('https://p.example/1', 'x', 'x')"
    )
    assert owners(anne, "push_subscriptions") == [ANNE, ANNE]
    anne.execute("delete from public.push_subscriptions")
    anne.commit()
    assert owners(connect(), "push_subscriptions") == [BERT]


@pytest.mark.parametrize("endpoint", ["ftp://push.example.com", "javascript:1", "", "https://" + "x" * 2048])
def test_an_endpoint_is_a_url(connect: Connect, endpoint: str) -> None:
    """Which ones are called is for the job to decide; nonsense is refused at once."""
    with pytest.raises(psycopg.errors.CheckViolation):
        as_user(connect, ANNE).execute(
            "insert into public.push_subscriptions (endpoint, p256dh, auth) values (%s, 'x', 'x')", (endpoint,)
        )


def test_notifications_are_in_the_realtime_publication(db: Db) -> None:
    """So that an open page shows them at once."""
    row = db.execute(
        "select tablename from pg_publication_tables where pubname = 'supabase_realtime' and schemaname = 'public'"
    ).fetchall()
    assert {"tablename": "notifications"} in row


def test_the_bucket_is_public_and_takes_images_only(db: Db) -> None:
    """It was made by the migration."""
    row = db.execute("select public, allowed_mime_types from storage.buckets where id = 'post-images'").fetchone()
    assert row == {"public": True, "allowed_mime_types": ["image/webp", "image/jpeg"]}


FUNCTIONS = """
    select p.proname, has_function_privilege('anon', p.oid, 'execute') as anon,
      has_function_privilege('authenticated', p.oid, 'execute') as authenticated,
      has_function_privilege('service_role', p.oid, 'execute') as service_role
    from pg_proc as p where p.pronamespace = 'public'::regnamespace and p.proname = any (%s)
"""
NAMES = [
    *("create_post", "list_posts", "post_exists", "store_post_image", "store_post_thumbnails"),
    *("recompute_rankings", "add_notification", "undelivered_pushes", "record_push", "remove_push_subscription"),
    *("delete_expired", "find_orphaned_images"),
]


def test_only_the_service_calls_the_functions(db: Db) -> None:
    """Each of them, and there is one of each name."""
    found = db.execute(FUNCTIONS, (NAMES,)).fetchall()
    assert sorted(row["proname"] for row in found) == sorted(NAMES)
    assert all((row["anon"], row["authenticated"], row["service_role"]) == (False, False, True) for row in found)
