"""Adoption opens nothing that the existing app had closed, and closes what nobody may do."""

from collections.abc import Iterator
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import PROJECT, Clones
from tests.likes.posts import rate
from tests.sql.adopting import RIGHT, attempt, existing_app, fingerprint, migrate, new_project, rows
from tests.sql.calls import Db

USER = UUID("00000000-0000-0000-0000-0000000000aa")
REFUSED = "InsufficientPrivilege"
OWN_POSTS: LiteralString = """
    update public.posts_new set user_id = '00000000-0000-0000-0000-0000000000aa'
    where id = '00000000-0000-0000-0000-000000000001';
    alter table public.posts_new enable row level security;
    create policy "own posts" on public.posts_new to authenticated
      using (user_id = auth.uid()) with check (user_id = auth.uid());
"""
OWN_CAPTIONS: LiteralString = """
    revoke insert, update on public.posts_new from anon, authenticated;
    grant update (caption) on public.posts_new to authenticated;
"""
OWN_RATINGS: LiteralString = """
    alter table public.post_ratings enable row level security;
    create policy "own ratings" on public.post_ratings using (session_id = auth.uid()::text)
      with check (session_id = auth.uid()::text);
"""
CLOSED_COMMENTS: LiteralString = "alter table public.comments enable row level security"
SOME_COLUMNS: LiteralString = """
    revoke all on public.comments from anon, authenticated;
    grant select (id, post_id, body) on public.comments to anon, authenticated;
"""


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


def migrate_strictly(app: Db) -> None:
    """Apply the migrations, end the transition, and apply them again."""
    migrate(app)
    app.execute((PROJECT / "supabase/optional/strict_likes.sql").read_bytes())
    migrate(app)


@pytest.fixture
def created(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """A new project's database after the migrations."""
    with (
        new_project(clones, request) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as db,
    ):
        migrate(db)
        yield db


@pytest.mark.parametrize(
    ("rules", "role", "statement", "outcome"),
    [
        (OWN_POSTS, "anon", "select from public.posts_new", 0),
        (OWN_POSTS, "authenticated", "select from public.posts_new", 1),
        (OWN_POSTS, "authenticated", "insert into public.posts_new (caption) values ('nobody''s')", REFUSED),
        (OWN_POSTS, "authenticated", "update public.posts_new set created_at = '2026-01-01'", 1),
        (OWN_POSTS + OWN_CAPTIONS, "authenticated", "update public.posts_new set caption = 'x'", 1),
        (OWN_POSTS + OWN_CAPTIONS, "authenticated", "update public.posts_new set location = 'x'", REFUSED),
        (OWN_POSTS + OWN_CAPTIONS, "authenticated", "update public.posts_new set created_at = now()", REFUSED),
        (OWN_CAPTIONS, "authenticated", "update public.posts_new set location = 'x'", REFUSED),
        (OWN_CAPTIONS, "anon", "insert into public.posts_new (caption) values ('x')", REFUSED),
        (CLOSED_COMMENTS, "anon", "select from public.comments", 0),
        (SOME_COLUMNS, "anon", "select author from public.comments", REFUSED),
        (SOME_COLUMNS, "anon", "select body from public.comments where post_id is not null", None),
        (OWN_RATINGS, "anon", "select from public.post_ratings", 0),
        (OWN_RATINGS, "anon", "delete from public.post_ratings", 0),
        (
            OWN_RATINGS,
            "anon",
            "insert into public.post_ratings (post_id, session_id) select id, 'x' from posts_new",
            REFUSED,
        ),
    ],
)
def test_the_app_s_own_rules_stay(
    app: Db, rules: LiteralString, role: str, statement: LiteralString, outcome: int | str | None
) -> None:
    """Policies add up, and a grant on a table overrides those on its columns: ours would open what theirs closed."""
    app.execute(rules)
    for _ in range(2):
        migrate(app)
        found = attempt(app, role, statement, USER if role == "authenticated" else None)
        assert found == outcome if outcome is not None else found != REFUSED


def test_applying_twice_adds_no_policy_to_the_app_s_own(app: Db) -> None:
    """After the first time row level security is on everywhere: what it was before is remembered."""
    app.execute(OWN_POSTS + OWN_RATINGS)
    migrate(app)
    before = fingerprint(app)
    migrate(app)
    assert fingerprint(app) == before
    found = rows(app, "select tablename, policyname from pg_policies where tablename in ('posts_new', 'post_ratings')")
    assert sorted(tuple(row.values()) for row in found) == [("post_ratings", "own ratings"), ("posts_new", "own posts")]


@pytest.mark.parametrize("rules", ["", OWN_POSTS])
@pytest.mark.parametrize(
    "statement",
    [
        "update public.posts_new set likes = 1000000",
        "update public.posts_new set caption = 'x', likes = 7",
        "insert into public.posts_new (user_id, likes) values ('00000000-0000-0000-0000-0000000000aa', 7)",
        "truncate public.post_ratings",
    ],
)
def test_nobody_writes_likes_or_truncates(app: Db, rules: LiteralString, statement: LiteralString) -> None:
    """Whoever's rules hold, once the transition is over."""
    app.execute(rules or "select")
    migrate_strictly(app)
    for role in ("anon", "authenticated"):
        assert attempt(app, role, statement, USER) == REFUSED


def test_where_nobody_s_rules_held_a_user_does_not_date_posts(app: Db) -> None:
    """A post of 2099 would stay the newest. updated_at moves nothing, and apps are used to writing it."""
    app.execute("update public.posts_new set user_id = %s where id = %s", [USER, RIGHT])
    migrate_strictly(app)
    changes: list[tuple[LiteralString, int | str]] = [
        ("update public.posts_new set created_at = '2099-01-01'", REFUSED),
        ("insert into public.posts_new (created_at) values ('infinity')", REFUSED),
        ("update public.posts_new set caption = 'x', location = 'y', updated_at = now()", 1),
    ]
    for statement, outcome in changes:
        assert attempt(app, "authenticated", statement, USER) == outcome


def test_in_a_new_database_a_user_writes_neither_time(created: Db) -> None:
    """Nor likes; the id is the client's to choose, as an upsert needs it."""
    columns = {
        (row["privilege"], row["attname"])
        for row in rows(
            created,
            """
            select privilege, attname from pg_attribute, unnest(array['insert', 'update']) as privilege
            where attrelid = 'public.posts_new'::regclass and attnum > 0
              and has_column_privilege('authenticated', attrelid, attnum, privilege)
            """,
        )
    }
    assert columns == {
        (each, name) for each in ("insert", "update") for name in ("id", "user_id", "caption", "image_url")
    }


@pytest.mark.parametrize("time", ["infinity", "-infinity", "0044-03-15 BC", "10000-01-01"])
def test_no_post_has_a_time_that_python_has_no_date_for(app: Db, time: str) -> None:
    """One such post would fail every page that it is on; the app's own grants may let a user write it."""
    app.execute("update public.posts_new set created_at = %s where id = %s", [time, RIGHT])
    migrate(app)
    (kept,) = rows(app, "select removed from queue_private.repaired_rows where table_name = 'posts_new'")
    assert kept["removed"]["id"] == str(RIGHT)
    (post,) = rows(
        app, "select created_at > now() - interval '1 hour' as new from public.posts_new where id = %s", RIGHT
    )
    assert post["new"]
    with pytest.raises(psycopg.errors.CheckViolation):
        app.execute("update public.posts_new set created_at = %s", [time])


def test_captions_are_as_long_as_the_api_s_in_a_new_database(created: Db) -> None:
    """Characters, as Python counts them."""
    created.execute("insert into public.posts_new (caption) values (repeat('ü', 2200))")
    with pytest.raises(psycopg.errors.CheckViolation):
        created.execute("insert into public.posts_new (caption) values (repeat('ü', 2201))")


def test_an_adopted_app_s_captions_are_its_own_affair(app: Db) -> None:
    """It has no such limit; a post that is longer already could never be liked again."""
    app.execute("update public.posts_new set caption = repeat('x', 5000)")
    migrate(app)
    app.execute("update public.posts_new set likes = likes + 1")


@pytest.mark.parametrize(
    ("statement", "outcome"),
    [
        ("insert into public.post_ratings (post_id, session_id) select id, 'x' from public.posts_new", 4),
        ("insert into public.post_ratings (post_id, session_id, flavour) select id, 'x', 'y' from public.posts_new", 4),
        ("insert into public.post_ratings (post_id, session_id, created_at) values (null, 'x', now())", REFUSED),
        ("insert into public.post_ratings (id, post_id, session_id) values (1000, null, 'x')", REFUSED),
        ("update public.post_ratings set session_id = 'x'", REFUSED),
        ("delete from public.post_ratings where session_id = 'session-b'", 1),
        ("select session_id from public.post_ratings", 4),
    ],
)
def test_clients_go_on_rating_an_adopted_app(app: Db, statement: LiteralString, outcome: int | str) -> None:
    """What the app does, in its own columns too; not when the rating was given, nor under which id."""
    app.execute("alter table public.post_ratings add column flavour text")
    migrate(app)
    assert attempt(app, "anon", statement) == outcome


def test_what_was_closed_later_is_not_reopened(app: Db) -> None:
    """The opt-in migration, and then the whole set again."""
    migrate(app)
    rate(app, RIGHT, "session-of-someone")
    app.execute((PROJECT / "supabase/optional/close_direct_ratings.sql").read_bytes())
    before = fingerprint(app)
    migrate(app)
    assert attempt(app, "anon", "select session_id from public.post_ratings") == REFUSED
    assert fingerprint(app) == before


def test_likes_are_not_written_through_a_view(app: Db) -> None:
    """A view writes with its owner's rights, a view on a view too, unless it is told to use its invoker's."""
    app.execute("""
        alter table public.comments enable row level security;
        create view public.feed as select id, likes as hearts, caption from public.posts_new;
        create view public.front as select * from public.feed;
        create view public.checked with (security_invoker = true) as select * from public.posts_new;
        create view public.talk as select * from public.comments;
    """)
    migrate_strictly(app)
    for role in ("anon", "authenticated"):
        assert attempt(app, role, "update public.feed set hearts = 1000000") == REFUSED
        assert attempt(app, role, "update public.front set hearts = 1000000") == REFUSED
        assert attempt(app, role, "update public.checked set likes = 1000000") == REFUSED
        assert attempt(app, role, "delete from public.front") == REFUSED
        assert attempt(app, role, "update public.checked set caption = 'x'") == 0
        assert attempt(app, role, "select from public.front") == 4
        assert attempt(app, role, "update public.talk set body = 'the app lets them'") == 1
