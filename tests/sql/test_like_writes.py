"""The transition: an old front end's own writes to likes are ignored and counted, until they are refused."""

from collections.abc import Iterator
from typing import Any, LiteralString
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import PROJECT, Clones
from tests.likes.posts import drain, drift, likes, rate
from tests.sql.adopting import RIGHT, TWICE, UNRATED, acting_as, attempt, existing_app, migrate, rows
from tests.sql.calls import Db, value
from tests.sql.racing import meanwhile, wait_until_blocked

USER = UUID("00000000-0000-0000-0000-0000000000aa")
REFUSED = "InsufficientPrivilege"
# Row level security with a tutorial's policies, and without any.
TUTORIAL: LiteralString = """
    alter table public.posts_new enable row level security;
    alter table public.post_ratings enable row level security;
    create policy "all" on public.posts_new using (true) with check (true);
    create policy "all" on public.post_ratings using (true) with check (true);
"""
WHOLE_ROW: LiteralString = """
    insert into public.posts_new (id, user_id, caption, likes, created_at, updated_at)
    values ('00000000-0000-0000-0000-000000000001', auth.uid(), 'new words', 77, '2099-01-01', now())
    on conflict (id) do update set caption = excluded.caption, likes = excluded.likes,
      created_at = excluded.created_at, updated_at = excluded.updated_at
"""


# What an app does when somebody likes a post.
TELLS: LiteralString = """
    create table public.told (post_id uuid);
    create function public.tell() returns trigger language plpgsql as
      $$ begin insert into public.told values (coalesce(new.post_id, old.post_id)); return null; end $$;
    create trigger tell after insert or delete on public.post_ratings for each row execute function public.tell();
"""
OLD_LIKES: LiteralString = "select post_id, likes, ratings from queue_private.old_likes"


@pytest.fixture(params=["", TUTORIAL], ids=["no_policies", "a_tutorial_s_policies"])
def app(request: pytest.FixtureRequest, clones: Clones) -> Iterator[Db]:
    """The existing app's database after the migrations; one post is a user's."""
    with existing_app(clones, request) as db:
        db.execute("update public.posts_new set user_id = %s where id = %s", [USER, RIGHT])
        db.execute(request.param or "select")
        migrate(db)
        yield db


def go(app: Db, file: str) -> None:
    """Run a step of supabase/."""
    with app.transaction():
        app.execute((PROJECT / "supabase" / file).read_bytes())


def state(app: Db) -> dict[str, Any]:
    """Return what operators see of it."""
    found: dict[str, Any] = value(app, "queue_diagnostics")["like_writes"]
    return found


def test_old_code_goes_on_over_http(app: Db, clones: Clones) -> None:
    """As it was written: insert the rating, then set likes and read the row; then the next click."""
    clones.databases.address.control("warm", app.info.dbname)
    env = clones.databases.address.env(app.info.dbname)
    headers = {"apikey": env["SUPABASE_ANON_KEY"], "prefer": "return=representation"}
    with httpx.Client(base_url=env["SUPABASE_URL"] + "/rest/v1", headers=headers) as old:
        rated = old.post("/post_ratings", json={"post_id": str(UNRATED), "session_id": "session-z"})
        assert rated.status_code == 201
        written = old.patch(f"/posts_new?id=eq.{UNRATED}", json={"likes": 6})
        assert (written.status_code, [row["likes"] for row in written.json()]) == (200, [0])
        drain(app)
        shown = old.get(f"/posts_new?id=eq.{UNRATED}&select=likes").json()
        assert shown == [{"likes": 1}]
    assert state(app)["ignored"] == 1
    assert drift(app) == {}


def test_what_a_client_writes_to_likes_is_ignored_and_counted(app: Db) -> None:
    """Updates, inserts and upserts of whole rows; the rest of a row is written."""
    before = likes(app, RIGHT)
    statements: list[LiteralString] = [
        "update public.posts_new set likes = likes + 1",
        "insert into public.posts_new (user_id, caption, likes) values (auth.uid(), 'mine', 5)",
        WHOLE_ROW,
    ]
    for statement in statements:
        assert attempt(app, "authenticated", statement, USER) in (1, 4)
    assert (
        attempt(app, "authenticated", "insert into public.posts_new (user_id, likes) values (auth.uid(), 0)", USER) == 1
    )
    assert likes(app, RIGHT) == before
    assert drift(app) == {}
    (post,) = rows(app, "select caption from public.posts_new where id = %s", RIGHT)
    assert post["caption"] == "new words"
    # Four rows, one insert, and the upsert's two halves.
    assert state(app)["ignored"] == 7
    assert state(app)["last_ignored_at"] is not None


def test_a_function_of_the_app_with_its_owner_s_rights_is_a_client_too(app: Db) -> None:
    """increment_likes, security definer: nearly every app of this kind has one."""
    app.execute("""
        create function public.increment_likes(post uuid) returns void language sql security definer
        set search_path = '' as 'update public.posts_new set likes = likes + 1 where id = post'
    """)
    with acting_as(app, "anon"):
        app.execute("select public.increment_likes(%s)", [RIGHT])
    assert drift(app) == {}
    assert state(app)["ignored"] == 1


@pytest.mark.parametrize("app", [""], indirect=True, ids=["no_policies"])
def test_another_s_post_stays_whole_whatever_triggers_the_app_has(app: Db) -> None:
    """One that sets updated_at runs too: a stranger's likes would move every post to the top."""
    app.execute("""
        create function public.touch() returns trigger language plpgsql
        as 'begin new.updated_at := ''2099-01-01''; return new; end';
        create trigger set_updated_at before update on public.posts_new for each row execute function public.touch()
    """)
    before = rows(app, "select * from public.posts_new order by id")
    assert attempt(app, "anon", "update public.posts_new set likes = 9") == 4
    assert rows(app, "select * from public.posts_new order by id") == before


@pytest.mark.parametrize("app", [""], indirect=True, ids=["no_policies"])
def test_a_role_of_the_app_s_is_no_old_client(app: Db) -> None:
    """A member of authenticated inherits its privileges; the policy and the triggers are for clients of the API."""
    role = f"moderator_{uuid4().hex}"  # roles are the cluster's
    before = rows(app, "select * from public.posts_new order by id")
    try:
        app.execute(f"create role {role}; grant authenticated to {role}; grant {role} to postgres".encode())
        with app.transaction():
            app.execute(f"set local role {role}".encode())
            changed = app.execute("update public.posts_new set caption = 'x', likes = 99").rowcount
        assert changed == 0
    finally:
        app.execute(f"drop role {role}".encode())
    assert rows(app, "select * from public.posts_new order by id") == before


def test_the_server_and_the_sync_write_likes(app: Db) -> None:
    """Only clients are ignored."""
    with acting_as(app, "service_role"):
        app.execute("update public.posts_new set likes = 70 where id = %s", [RIGHT])
    assert likes(app, RIGHT) == 70
    with acting_as(app, "service_role"):
        app.execute("select public.sync_post_like_count(%s)", [RIGHT])
    assert likes(app, RIGHT) == 2
    assert state(app)["ignored"] == 0


def test_a_write_that_waited_for_the_sync_does_not_undo_it(app: Db, clones: Clones) -> None:
    """The row that it is given back is the one that it waited for."""
    rate(app, UNRATED, "session-z")
    url = psycopg.conninfo.make_conninfo(app.info.dsn, password=app.info.password)
    with psycopg.connect(url) as sync, psycopg.connect(url, autocommit=True, row_factory=dict_row) as client:
        sync.execute("select public.sync_post_like_count(%s)", [UNRATED])
        client.execute("set role anon")
        write = "update public.posts_new set likes = 0"
        with meanwhile(client.execute, write.encode()) as written:
            wait_until_blocked(app, client)
            sync.commit()
        assert written.result().rowcount == 4
    assert likes(app, UNRATED) == 1


def test_nothing_but_likes_of_another_s_post_can_be_named_where_nobody_s_rules_held(
    clones: Clones, request: pytest.FixtureRequest
) -> None:
    """The policy that lets the write through lets nothing else through, whatever the client may be."""
    with existing_app(clones, request) as app:
        app.execute("update public.posts_new set user_id = %s where id = %s", [USER, RIGHT])
        migrate(app)
        before = rows(app, "select * from public.posts_new order by id")
        for role, user in (("anon", None), ("authenticated", UUID(int=7))):
            write: LiteralString = (
                "update public.posts_new set caption = 'x', user_id = null, likes = 9, location = 'y'"
            )
            assert attempt(app, role, write, user) == 4
            assert attempt(app, role, "update public.posts_new set id = gen_random_uuid()", user) == 4
        assert rows(app, "select * from public.posts_new order by id") == before
        give_away: LiteralString = (
            "update public.posts_new set user_id = null, created_at = '2099-01-01', caption = 'x'"
        )
        assert attempt(app, "authenticated", give_away, USER) == 4
        (changed,) = rows(app, "select * from public.posts_new where id = %s", RIGHT)
        (old,) = [row for row in before if row["id"] == RIGHT]
        assert changed == old | {"caption": "x"}


def test_strict_refuses_and_the_way_back_ignores_again(app: Db) -> None:
    """By privileges, for every way of naming likes; applying the migrations again changes no mode."""
    named: list[LiteralString] = [
        "update public.posts_new set likes = 1",
        "insert into public.posts_new (user_id, likes) values (auth.uid(), 0)",
        WHOLE_ROW,
    ]
    assert state(app)["mode"] == "transitional"
    for _ in range(2):
        go(app, "optional/strict_likes.sql")
        migrate(app)
        assert state(app)["mode"] == "strict"
        assert [attempt(app, "authenticated", each, USER) for each in named] == [REFUSED] * 3
        go(app, "rollback/strict_likes.sql")
        migrate(app)
        assert state(app)["mode"] == "transitional"
        assert REFUSED not in [attempt(app, "authenticated", each, USER) for each in named]


def test_a_new_database_is_strict_and_stays_so(db: Db) -> None:
    """No old front end has ever written to it; and its posts have no trigger more."""
    for file in ("optional/strict_likes.sql", "rollback/strict_likes.sql"):
        go(db, file)
        assert state(db) | {"since": None} == {"mode": "strict", "since": None, "ignored": 0, "last_ignored_at": None}
    assert rows(db, "select from pg_trigger where tgname like 'ignore_like%%'") == []
    assert attempt(db, "authenticated", "update public.posts_new set likes = 1", USER) == REFUSED


def test_old_likes_without_ratings_can_be_kept(app: Db) -> None:
    """As ratings, so the count stays their number. A count that was too low gets none, nor does a second rating.

    Nobody liked anything then: the app's triggers tell nobody."""
    old = {row["post_id"]: (row["likes"], row["ratings"]) for row in rows(app, OLD_LIKES)}
    assert {old[TWICE], old[UNRATED]} == {(9, 1), (5, 0)}
    assert RIGHT not in old
    app.execute(TELLS)
    for _ in range(2):
        go(app, "optional/keep_old_likes.sql")
        drain(app)
        assert drift(app) == {}
        # Of the 8 that TWICE lost, 2 were second ratings.
        assert [likes(app, post) for post in (RIGHT, TWICE, UNRATED)] == [2, 7, 5]
        assert {row["post_id"]: (row["likes"], row["ratings"]) for row in rows(app, OLD_LIKES)} == old
    go(app, "rollback/keep_old_likes.sql")
    drain(app)
    assert [likes(app, post) for post in (RIGHT, TWICE, UNRATED)] == [2, 1, 0]
    assert rows(app, "select from public.told") == []


def test_a_count_that_anybody_could_set_fills_no_disk(app: Db) -> None:
    """Above the limit it is left out, and the operator decides."""
    app.execute("update queue_private.old_likes set likes = 2000000000 where post_id = %s", [TWICE])
    go(app, "optional/keep_old_likes.sql")
    assert len(rows(app, "select from public.post_ratings where post_id = %s", TWICE)) == 1
    assert len(rows(app, "select from public.post_ratings where post_id = %s", UNRATED)) == 5
