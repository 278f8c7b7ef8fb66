"""Names that we need and the app has: refused in the first file, before anything changes."""

import json
import re
from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest

from dev.supabase import migrations
from tests.conftest import PROJECT, Clones
from tests.sql.adopting import existing_app, fingerprint, migrate, rows
from tests.sql.calls import Db

FIRST = migrations.found_in(PROJECT)[0]


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


@pytest.mark.parametrize(
    ("made_by_the_app", "named"),
    [
        ("create table public.notifications (id integer)", "table public.notifications"),
        ("create view public.job_history as select 1 as one", "view public.job_history"),
        ("create sequence public.job_history_id_seq", "sequence public.job_history_id_seq"),
        ("create type public.job_type as enum ('mail')", "type public.job_type"),
        ("create domain public.worker_runs as text", "type public.worker_runs"),
        (
            "create function public.toggle_like(uuid, text) returns void language sql as ''",
            "function public.toggle_like(uuid,text)",
        ),
        (
            "create function public.toggle_like(integer) returns void language sql as ''",
            "function public.toggle_like(integer)",
        ),
        (
            'create policy "anyone reads posts" on public.posts_new using (likes > 5)',
            "policy anyone reads posts on table public.posts_new",
        ),
        (
            """
            create function public.do_nothing() returns trigger language plpgsql as 'begin return null; end';
            create trigger ask_for_post_images after insert on public.posts_new execute function public.do_nothing()
            """,
            "trigger ask_for_post_images on table public.posts_new",
        ),
        (
            """
            create function public.do_nothing() returns trigger language plpgsql as 'begin return null; end';
            create trigger remove_notifications_and_subscriptions after delete on auth.users
            execute function public.do_nothing()
            """,
            "trigger remove_notifications_and_subscriptions on table auth.users",
        ),
        (
            "drop table public.comments; create view public.comments as select 1 as post_id",
            "view public.comments",
        ),
        ("insert into storage.buckets (id, name) values ('post-images', 'post-images')", "bucket post-images"),
        ("create schema queue_private", "schema queue_private"),
    ],
)
def test_a_name_that_is_taken_is_refused_first(app: Db, made_by_the_app: LiteralString, named: str) -> None:
    """A set that stops in the middle leaves an app that is half migrated."""
    app.execute(made_by_the_app)
    before = fingerprint(app)
    with pytest.raises(psycopg.errors.DuplicateObject) as refused:
        app.execute(FIRST.file.read_bytes())
    assert refused.value.diag.message_primary == f"these names are taken: {named}"
    # What a rollback leaves is no draft of the app's.
    hint = "delete it in Storage" if named.startswith("bucket") else "Rename"
    assert hint in (refused.value.diag.message_hint or "")
    assert fingerprint(app) == before
    if "schema" not in named:
        assert rows(app, "select to_regnamespace('queue_private') as made") == [{"made": None}]


def test_the_message_names_every_clash(app: Db) -> None:
    """So that the app is renamed once, not file by file."""
    app.execute("""
        create table public.notifications (id integer);
        create type public.job_type as enum ('mail');
        create function public.toggle_like(uuid, text) returns void language sql as '';
        insert into storage.buckets (id, name) values ('post-images', 'post-images');
    """)
    with pytest.raises(psycopg.errors.DuplicateObject) as refused:
        app.execute(FIRST.file.read_bytes())
    assert refused.value.diag.message_primary == (
        "these names are taken: function public.toggle_like(uuid,text), table public.notifications, "
        "type public.job_type, bucket post-images"
    )
    assert "Nothing was changed" in (refused.value.diag.message_hint or "")


def test_names_elsewhere_are_no_clash(app: Db) -> None:
    """Other schemas are the app's own, and so are columns and triggers of its other tables."""
    app.execute("""
        create schema app;
        create table app.notifications (id integer);
        create function app.toggle_like(uuid, text) returns void language sql as '';
        create function public.do_nothing() returns trigger language plpgsql as 'begin return null; end';
        create table public.pictures (notifications integer);
        create trigger ask_for_post_images after insert on public.pictures execute function public.do_nothing();
        alter table public.pictures enable row level security;
        create policy "anyone reads posts" on public.pictures using (true);
    """)
    migrate(app)


def test_a_set_that_stopped_in_the_middle_goes_on(app: Db) -> None:
    """What its first files made is ours."""
    found = migrations.found_in(PROJECT)
    for migration in found[: len(found) // 2]:
        app.execute(migration.file.read_bytes())
    migrate(app)


def test_the_reserved_names_are_those_that_the_migrations_make(app: Db) -> None:
    """One that is missing would not be looked for; one too many would refuse an app without need. The first file is
    released: a later migration reserves its own."""
    before = {tuple(row.values()) for row in rows(app, MADE)}
    migrate(app)
    made = {tuple(row.values()) for row in rows(app, MADE)} - before
    calls = [
        json.loads(names)
        for migration in migrations.found_in(PROJECT)
        for names in re.findall(r"reserve_names\('(\{.*?\})'\);", migration.file.read_text(), flags=re.DOTALL)
    ]
    listed = {(kind, name) for names_of in calls for kind, names in names_of.items() for name in names}
    assert listed == made, f"add {sorted(made - listed)}; remove {sorted(listed - made)}"


MADE: LiteralString = """
    with adopted (id) as (
      select oid from pg_class
      where relnamespace = 'public'::regnamespace and relname in ('posts_new', 'post_ratings', 'comments')
    )
    select 'relation' as kind, c.relname as name from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
      and c.oid not in (select id from adopted)
    union all
    select 'type', t.typname from pg_type as t left join pg_class as c on c.oid = t.typrelid
    where t.typnamespace = 'public'::regnamespace and t.typelem = 0 and (c.oid is null or c.relkind = 'c')
    union all
    select 'function', p.proname from pg_proc as p where p.pronamespace = 'public'::regnamespace
    union all
    select 'trigger', t.tgname from pg_trigger as t
    where (t.tgrelid in (select id from adopted) or t.tgrelid = 'auth.users'::regclass) and not t.tgisinternal
    union all
    select 'policy', p.polname from pg_policy as p where p.polrelid in (select id from adopted)
    union all
    select 'bucket', bucket.id from storage.buckets as bucket
"""
