"""The migrations adopt the existing app's database: repaired, nothing lost, and the app goes on working."""

from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import Clones
from tests.likes.posts import drain, drift, rate
from tests.sql.adopting import NEVER, RIGHT, TWICE, UNRATED, existing_app, fingerprint, migrate, new_project, rows
from tests.sql.calls import Db, count


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


@pytest.fixture
def adopted(app: Db) -> Db:
    """The existing app's database after the migrations."""
    migrate(app)
    return app


def test_the_counts_are_right(adopted: Db) -> None:
    """Also where there was none."""
    assert drift(adopted) == {}
    found = rows(adopted, "select id, likes from public.posts_new order by id")
    assert [(row["id"], row["likes"]) for row in found] == [(RIGHT, 2), (TWICE, 1), (NEVER, 1), (UNRATED, 0)]


def test_of_second_ratings_the_oldest_stays(adopted: Db) -> None:
    """The first click was the like."""
    (kept,) = rows(adopted, "select created_at::date::text as day from public.post_ratings where post_id = %s", TWICE)
    assert kept["day"] == "2026-02-01"


def test_what_was_removed_is_kept(adopted: Db) -> None:
    """Whole rows, with the reason."""
    removed = rows(adopted, "select table_name, reason, removed from queue_private.repaired_rows order by id")
    assert sorted((row["table_name"], row["reason"]) for row in removed) == [
        ("comments", "no such post"),
        ("comments", "no such post"),
        ("post_ratings", "a second rating of the same session"),
        ("post_ratings", "a second rating of the same session"),
        ("post_ratings", "no such post, or no session"),
        ("post_ratings", "no such post, or no session"),
        ("post_ratings", "no such post, or no session"),
    ]
    comment = next(row["removed"] for row in removed if row["removed"].get("author") == "bob")
    assert comment["body"] == "of a post that is gone"
    assert count(adopted, "post_ratings") + count(adopted, "comments") + len(removed) == 12


def test_the_app_s_own_columns_and_ids_stay(adopted: Db) -> None:
    """Adopted, not replaced."""
    (post,) = rows(adopted, "select * from public.posts_new where id = %s", RIGHT)
    assert (post["location"], post["caption"]) == ("Rome", "counted right")
    assert {type(row["id"]) for row in rows(adopted, "select id from public.post_ratings")} == {int}


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("insert into public.post_ratings (post_id, session_id) values (%(post)s, 'session-a')", "UniqueViolation"),
        (
            "insert into public.post_ratings (post_id, session_id) values (gen_random_uuid(), 'x')",
            "ForeignKeyViolation",
        ),
        ("insert into public.post_ratings (session_id) values ('x')", "NotNullViolation"),
        ("insert into public.post_ratings (post_id) values (%(post)s)", "NotNullViolation"),
        ("insert into public.comments (post_id) values (gen_random_uuid())", "ForeignKeyViolation"),
        ("update public.posts_new set likes = null", "NotNullViolation"),
    ],
)
def test_the_constraints_are_there(adopted: Db, statement: LiteralString, error: str) -> None:
    """What was repaired cannot come back."""
    with pytest.raises(getattr(psycopg.errors, error)):
        adopted.execute(statement, {"post": RIGHT})


def test_a_deleted_post_takes_its_ratings_and_comments_along(adopted: Db) -> None:
    """The foreign key without cascade was replaced."""
    adopted.execute("delete from public.posts_new where id = %s", [RIGHT])
    assert rows(adopted, "select from public.comments where post_id = %s", RIGHT) == []
    assert rows(adopted, "select from public.post_ratings where post_id = %s", RIGHT) == []


def test_the_app_goes_on_rating(adopted: Db) -> None:
    """As anon, directly, with serial ids; and the queue counts it."""
    with adopted.transaction():
        adopted.execute("set local role anon")
        rate(adopted, UNRATED, "session-z")
        adopted.execute("delete from public.post_ratings where session_id = 'session-b'")
    drain(adopted)
    found = rows(adopted, "select id, likes from public.posts_new order by id")
    assert [row["likes"] for row in found] == [1, 1, 1, 1]


def test_row_level_security_is_on_and_the_app_still_reads(adopted: Db) -> None:
    """It was off: without policies everything would seem empty."""
    with adopted.transaction():
        adopted.execute("set local role anon")
        assert [count(adopted, table) for table in ("posts_new", "post_ratings", "comments")] == [4, 4, 1]


def test_adopting_twice_is_harmless(adopted: Db) -> None:
    """Neither the schema nor a row changes, nor is a job lost."""
    rate(adopted, UNRATED, "session-z")
    before = fingerprint(adopted)
    migrate(adopted)
    assert fingerprint(adopted) == before
    drain(adopted)
    assert drift(adopted) == {}


def test_a_new_database_migrated_twice_is_the_same(clones: Clones, request: pytest.FixtureRequest) -> None:
    """The other case: nothing to adopt."""
    with (
        new_project(clones, request) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as db,
    ):
        migrate(db)
        before = fingerprint(db)
        migrate(db)
        assert fingerprint(db) == before
        assert rows(db, "select from queue_private.repaired_rows") == []


def test_a_large_table_is_repaired_in_reasonable_time(app: Db) -> None:
    """Its duplicates are found without an index: comparing each rating with every other would take hours."""
    app.execute("insert into public.posts_new (caption) select 'many' from generate_series(1, 100)")
    app.execute("""
        insert into public.post_ratings (post_id, session_id)
        select post.id, 'session-' || (number % 390) from public.posts_new as post, generate_series(1, 400) as number
        where post.caption = 'many'
    """)
    app.execute("set statement_timeout = '20s'")
    migrate(app)
    assert drift(app) == {}
    assert (
        rows(
            app, "select count(*) from queue_private.repaired_rows where reason = 'a second rating of the same session'"
        )[0]["count"]
        == 1002
    )
