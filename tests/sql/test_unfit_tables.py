"""Tables that the migrations cannot adopt: the first file says so, before anything changes, and so does the doctor."""

import re
from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest
from psycopg.rows import dict_row

from dev.doctor import examine
from tests.conftest import PROJECT, Clones
from tests.sql.adopting import existing_app, fingerprint, migrate
from tests.sql.calls import Db

(FIRST,) = (PROJECT / "supabase/migrations").glob("*_reserved_names.sql")
POST_KEY: LiteralString = "alter table public.posts_new drop constraint posts_new_pkey cascade"

UNFIT: list[tuple[LiteralString, str]] = [
    ("alter table public.post_ratings rename session_id to user_id", "post_ratings has no column session_id"),
    ('alter table public.comments rename post_id to "postId"', "comments has no column post_id"),
    (
        "alter table public.posts_new drop likes, add likes uuid[] default '{}'",
        "posts_new.likes is uuid[], and has to be a number",
    ),
    (
        "alter table public.posts_new drop likes, add likes integer generated always as (length(caption)) stored",
        "posts_new.likes is generated, and has to be written",
    ),
    (
        "alter table public.posts_new drop updated_at, add updated_at bigint",
        "posts_new.updated_at is bigint, and has to be a date or a timestamp",
    ),
    (
        "alter table public.posts_new drop image_url, add image_url text[]",
        "posts_new.image_url is text[], and has to be a text",
    ),
    (
        "alter table public.post_ratings drop session_id, add session_id bigint",
        "post_ratings.session_id is bigint, and has to be a text or a uuid",
    ),
    (POST_KEY, "posts_new.id is neither the primary key nor unique"),
    (f"{POST_KEY}, add unique (id) deferrable", "posts_new.id is neither the primary key nor unique"),
    (
        "create rule quiet as on insert to public.post_ratings where new.session_id = '' do instead nothing",
        "post_ratings has the rule quiet",
    ),
    (
        """alter table public.post_ratings drop constraint post_ratings_pkey;
        alter publication supabase_realtime add table public.post_ratings""",
        "post_ratings is published by supabase_realtime, and has neither a primary key nor a replica identity",
    ),
    ("create table public.old_posts () inherits (public.posts_new)", "posts_new is inherited by old_posts"),
    (
        "alter table public.posts_new add constraint has_a_place check (location is not null) not valid",
        "posts_new has rows that break its constraint has_a_place",
    ),
    (
        """alter table public.post_ratings rename to ratings_of_before;
        create table public.post_ratings (post_id uuid, session_id text, created_at date)
          partition by range (created_at)""",
        "post_ratings is partitioned by more than post_id and session_id",
    ),
    (
        "alter table public.comments drop post_id; alter table public.post_ratings drop post_id",
        "post_ratings has no column post_id; comments has no column post_id",
    ),
]


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


def test_each_unfit_shape_is_named_with_its_rule(app: Db) -> None:
    """Later files would fail half way, or each like would."""
    for change, said in UNFIT:
        with app.transaction(force_rollback=True):
            app.execute(change)
            exactly = f"^these tables cannot be adopted: {re.escape(said)}$"
            with pytest.raises(psycopg.errors.FeatureNotSupported) as refusal, app.transaction():
                app.execute(FIRST.read_bytes())
            assert re.match(exactly, refusal.value.diag.message_primary or ""), change


def test_what_the_owner_keeps_may_look_otherwise(app: Db) -> None:
    """A table that inherits, one without a key, and whatever else the rest of the migrations can do with."""
    app.execute("""
        create table public.content (caption text);
        alter table public.posts_new inherit public.content;
        alter table public.post_ratings drop constraint post_ratings_pkey;
        create table public.old_comments () inherits (public.comments);
        alter table public.posts_new drop likes, add constraint short check (char_length(caption) < 1000) not valid;
    """)
    codes = {each.code for each in examine(f"{app.info.dsn} password={app.info.password}")}
    assert codes & {"table_unfit", "check_failed"} == set()
    migrate(app)


def test_another_owner_s_table_is_refused_and_the_doctor_says_so_before(app: Db, clones: Clones) -> None:
    """The dashboard of old projects made tables of supabase_admin's, which the migrations may not change."""
    admin = clones.databases.address.postgres_url("supabase_admin", app.info.dbname)
    with psycopg.connect(admin, autocommit=True, row_factory=dict_row) as db:
        db.execute("alter table public.post_ratings owner to supabase_admin")
        db.execute("grant all on public.post_ratings to postgres")
    before = fingerprint(app)
    said = "these tables cannot be adopted: post_ratings belongs to supabase_admin, and has to belong to postgres"
    with pytest.raises(psycopg.errors.FeatureNotSupported, match=said):
        migrate(app)
    assert fingerprint(app) == before
    findings = examine(f"{app.info.dsn} password={app.info.password}")
    (finding,) = (each for each in findings if each.code == "table_unfit")
    assert finding.message.startswith(said)
    assert [each for each in findings if each.code == "check_failed"] == []
