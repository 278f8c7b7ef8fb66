"""The existing app's tables may look otherwise than ours: what the functions need is there after the migrations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.conftest import Clones
from tests.likes.posts import drain, drift, likes, set_like, toggle_like
from tests.sql.adopting import RIGHT, TWICE, UNRATED, existing_app, fingerprint, migrate, rows
from tests.sql.calls import Db, count, rpc, value


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


def test_types_that_ours_are_not(app: Db) -> None:
    """Each function answers in its own types."""
    app.execute("""
        alter table public.posts_new
          alter column caption type varchar(500), alter column image_url type varchar(500),
          alter column likes type bigint, alter column created_at type timestamp;
    """)
    migrate(app)
    assert set_like(app, UNRATED) == (True, 1)
    assert toggle_like(app, UNRATED) == (False, 0)
    assert toggle_like(app, UNRATED) == (True, 1)
    drain(app)
    assert drift(app) == {}
    (state,) = rpc(app, "like_states", post_ids=[UNRATED], session_id="session-1")
    assert (state["liked"], state["likes"]) == (True, 1)
    (ranked,) = rpc(app, "recompute_rankings")
    assert ranked["ranked"] == 4
    created = value(app, "create_post", user_id=None, caption="x", image_url=None)["post"]
    assert datetime.fromisoformat(created["created_at"]).utcoffset() == timedelta(0)
    first, second = rpc(app, "list_posts", sort="new", max_posts=2)
    assert datetime.fromisoformat(first["sort_key"]).utcoffset() == timedelta(0)
    (following,) = rpc(app, "list_posts", sort="new", max_posts=1, after_key=first["sort_key"], after_id=first["id"])
    assert following["id"] == second["id"]
    assert len(rpc(app, "list_posts", sort="hot", max_posts=10)) == 4


def test_session_ids_that_are_uuids(app: Db) -> None:
    """They are cast where they come in, so that the index on them serves."""
    app.execute("""
        alter table public.post_ratings alter column session_id type uuid using md5(session_id)::uuid
    """)
    migrate(app)
    session = "00000000-0000-0000-0000-00000000000a"
    assert set_like(app, UNRATED, session) == (True, 1)
    assert set_like(app, UNRATED, session) == (True, 1)
    assert toggle_like(app, UNRATED, session) == (False, 0)
    (state,) = rpc(app, "like_states", post_ids=[UNRATED], session_id=session)
    assert not state["liked"]
    drain(app)
    assert drift(app) == {}
    (expected,) = rows(app, "select queue_private.expected_schema() as facts")
    codes = rows(app, "select code from queue_private.diagnose(%s, 1000)", Jsonb(expected["facts"]))
    assert "index_changed" not in {row["code"] for row in codes}


def test_ids_and_times_without_a_default(app: Db) -> None:
    """The app's server made them; our functions leave them to the table."""
    app.execute("""
        alter table public.posts_new alter column id drop default, alter column created_at drop default,
          alter column updated_at drop default;
        alter table public.post_ratings alter column created_at drop default, drop column id,
          add column id uuid;
        update public.post_ratings set id = gen_random_uuid();
        alter table public.post_ratings add primary key (id);
    """)
    migrate(app)
    created = value(app, "create_post", user_id=None, caption="x", image_url=None)["post"]
    assert set_like(app, UUID(created["id"])) == (True, 1)


def test_a_post_without_a_time_is_dated(app: Db) -> None:
    """No page could come after it."""
    app.execute("alter table public.posts_new alter column created_at drop not null")
    app.execute("update public.posts_new set created_at = null where id = %s", [RIGHT])
    migrate(app)
    assert RIGHT in {row["id"] for row in rpc(app, "list_posts", sort="new", max_posts=10)}
    with pytest.raises(psycopg.errors.NotNullViolation):
        app.execute("update public.posts_new set created_at = null")


def test_the_app_s_triggers_and_defaults_find_what_they_name(app: Db) -> None:
    """They run inside our functions too, which search nowhere."""
    app.execute("""
        create table public.activity (what text);
        create function public.note() returns trigger language plpgsql as
          $$ begin insert into activity values (tg_table_name); return null; end $$;
        create trigger note after insert or delete on public.post_ratings
          for each row execute function public.note();
        create trigger note after update on public.posts_new for each row execute function public.note();
        create function public.token() returns text language plpgsql as
          $$ begin return encode(gen_random_bytes(4), 'hex') || count(*) from activity; end $$;
        create function public.is_short(value text) returns boolean language plpgsql immutable as
          $$ begin return is_text(value) and length(value) < 100; end $$;
        create function public.is_text(value text) returns boolean language sql immutable as 'select value is not null';
        alter table public.post_ratings add column token text default public.token(),
          add constraint is_short check (public.is_short(session_id)) not valid;
        create function public.is_banned(session text) returns boolean language plpgsql as
          $$ begin return exists (select from activity where what = session); end $$;
        create trigger refuse before insert on public.post_ratings
          for each row when (public.is_banned(new.session_id)) execute function public.note();
        create function public.folded(session text) returns text language plpgsql immutable as
          $$ begin return lower(session) || (select count(*) from activity where false); end $$;
        create index on public.post_ratings (public.folded(session_id)) where session_id = 'session-1';
        create function public.minds_itself() returns trigger language plpgsql set search_path = public as
          $$ begin insert into activity values ('itself'); return null; end $$;
        create trigger minds_itself after insert on public.post_ratings
          for each statement execute function public.minds_itself();
    """)
    migrate(app)
    app.execute("truncate public.activity")
    assert set_like(app, UNRATED) == (True, 1)
    drain(app)
    assert likes(app, UNRATED) == 1
    noted = rows(app, "select what from public.activity")
    assert sorted(row["what"] for row in noted) == ["itself", "post_ratings", "posts_new"]
    (kept,) = rows(app, "select proconfig from pg_proc where proname = 'minds_itself'")
    assert kept["proconfig"] == ["search_path=public"]


def test_foreign_keys_on_other_columns_stay(app: Db) -> None:
    """Only what stands on post_id alone is ours to replace."""
    app.execute("""
        alter table public.comments add column quoted_post uuid references public.posts_new (id) on delete set null;
        alter table public.posts_new add unique (id, user_id);
        alter table public.comments add column user_id uuid,
          add foreign key (post_id, user_id) references public.posts_new (id, user_id);
    """)
    migrate(app)
    found = rows(
        app,
        """select conname, pg_get_constraintdef(oid) as key from pg_constraint
        where conrelid = 'public.comments'::regclass and contype = 'f' order by conname""",
    )
    assert [(row["conname"], row["key"].partition(" ON DELETE ")[2]) for row in found] == [
        ("comments_post_id_fkey", "CASCADE"),
        ("comments_post_id_user_id_fkey", ""),
        ("comments_quoted_post_fkey", "SET NULL"),
    ]


@pytest.mark.parametrize(
    "lookalike",
    [
        "create unique index ratings on public.post_ratings (post_id, session_id) where session_id <> 'session-a'",
        "create unique index ratings on public.post_ratings (post_id, lower(session_id), session_id)",
        "create unique index ratings on public.post_ratings (post_id) include (session_id)",
        "create unique index ratings on public.post_ratings (session_id, post_id)",
        "alter table public.post_ratings add constraint ratings unique (post_id, session_id) deferrable",
        """create unique index ratings on public.post_ratings (post_id, session_id);
        update pg_index set indisvalid = false where indexrelid = 'public.ratings'::regclass""",
        "create table public.post_ratings_post_id_session_id_key ()",
    ],
)
def test_what_only_looks_like_the_unique_index_does_not_pass_for_it(
    app: Db, admin: Db, lookalike: LiteralString
) -> None:
    """on conflict (post_id, session_id) needs one that is whole, valid and immediate; counting, one that starts with
    the post."""
    app.execute("truncate public.post_ratings")
    admin.execute(lookalike)
    admin.execute("alter table if exists public.post_ratings_post_id_session_id_key owner to postgres")
    migrate(app)
    before = fingerprint(app)
    migrate(app)
    assert fingerprint(app) == before
    assert set_like(app, TWICE) == (True, 1)
    assert set_like(app, TWICE) == (True, 1)
    found = rows(
        app,
        """
        select from pg_index where indrelid = 'public.post_ratings'::regclass and indisunique and indisvalid
          and indimmediate and indpred is null and indexprs is null and indnkeyatts = 2
          and pg_get_indexdef(indexrelid, 1, false) = 'post_id' and pg_get_indexdef(indexrelid, 2, false) = 'session_id'
        """,
    )
    assert len(found) == 1


@pytest.fixture
def admin(app: Db, clones: Clones) -> Iterator[Db]:
    """The same database as the superuser, who may spoil an index."""
    url = clones.databases.address.postgres_url("supabase_admin", app.info.dbname)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.mark.parametrize(
    "referrer",
    [
        "create table public.replies (comment_id integer references public.comments on delete cascade)",
        "create table public.replies (comment_id integer references public.comments on delete set null)",
        "create table public.replies (comment_id integer references public.comments)",
    ],
)
def test_comments_that_others_refer_to_stay(app: Db, referrer: LiteralString) -> None:
    """Deleting them would take rows along that nobody saved, or fail."""
    app.execute(referrer)
    app.execute("insert into public.replies select id from public.comments")
    migrate(app)
    assert count(app, "comments") == count(app, "replies") == 3
    assert rows(app, "select from public.replies where comment_id is null") == []
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        app.execute("insert into public.comments (post_id) values (gen_random_uuid())")
    app.execute("update public.comments set body = 'still written'")
    before = fingerprint(app)
    migrate(app)
    assert fingerprint(app) == before


def test_ratings_that_others_refer_to_stop_the_migration(app: Db) -> None:
    """Two ratings of a session cannot both stay; what becomes of what refers to them, only the owner knows."""
    app.execute("create table public.thanks (rating_id integer references public.post_ratings on delete cascade)")
    app.execute("insert into public.thanks select id from public.post_ratings")
    with pytest.raises(psycopg.errors.RaiseException, match="thanks refers to post_ratings"):
        migrate(app)
    assert count(app, "thanks") == count(app, "post_ratings") == 9
    app.execute("delete from public.post_ratings where id not in (1, 2, 4, 6)")
    migrate(app)
    assert count(app, "thanks") == 4


def test_keys_that_are_checked_at_commit_do_not_stop_the_repair(app: Db) -> None:
    """A table with such checks outstanding cannot be altered."""
    app.execute("""
        create function public.look() returns trigger language plpgsql as 'begin return null; end';
        create constraint trigger look after delete or update on public.post_ratings
          deferrable initially deferred for each row execute function public.look();
    """)
    migrate(app)
    assert drift(app) == {}


def test_our_tables_can_be_published(db: Db) -> None:
    """Where all tables are, as for a replication service, Postgres deletes only rows that something names."""
    nameless = """
        select c.relname from pg_class as c
        where c.relnamespace::regnamespace::text in ('public', 'queue_private') and c.relkind = 'r'
          and c.relpersistence = 'p' and c.relreplident <> 'f'
          and not exists (select from pg_index as i where i.indrelid = c.oid and i.indisprimary)
    """
    assert rows(db, nameless) == []
