"""What the doctor prints for names that are taken moves all of them, whatever they name."""

import psycopg
import pytest

from dev.doctor import names
from dev.supabase import migrations
from tests.conftest import PROJECT, Clones
from tests.sql.adopting import existing_app, rows

EVERYTHING = """
    create table public.notifications (id serial primary key, body text);
    create view public.job_history as select 1 as one;
    create materialized view public.post_rankings as select 1 as one;
    create sequence public.job_history_id_seq;
    create table public.other (id serial);
    alter sequence public.other_id_seq rename to worker_runs_id_seq;
    create index push_subscriptions on public.other (id);
    create type public.job_type as enum ('mail');
    create domain public.worker_runs as text;
    create type public.like_state as (one integer);
    create function public.toggle_like(public.job_type) returns void language sql as '';
    create procedure public.set_like() language sql as '';
    create policy "anyone reads posts" on public.posts_new using (likes > 5);
    create function public.do_nothing() returns trigger language plpgsql as 'begin return null; end';
    create trigger ask_for_post_images after insert on public.posts_new execute function public.do_nothing();
    create function public.on_user() returns trigger language plpgsql as 'begin return null; end';
    create trigger remove_notifications_and_subscriptions after delete on auth.users
      for each row execute function public.on_user();
    create schema queue_private;
    create schema draft;
    insert into storage.buckets (id, name) values ('post-images', 'post-images');
"""
# Names that are bound when a function runs, and those that are bound when it is made. And a word that is no name.
FUNCTIONS = """
    create table public.notifications (id integer);
    create schema private;
    create function private.tell() returns void language sql as 'insert into public.notifications values (1)';
    create function public.on_comment() returns trigger language plpgsql
    as 'begin perform private.tell(); return null; end';
    create function public.bound() returns trigger language plpgsql
    as 'begin raise notice ''notifications''; return null; end';
    create function public.count_them() returns bigint begin atomic select count(*) from public.notifications; end;
    create function public.enqueue_job(text) returns void language sql as '';
    create function public.on_rating() returns trigger language plpgsql
    as 'begin perform public.enqueue_job(''like''); return null; end';
    create trigger asks after insert on public.post_ratings for each row execute function public.on_rating();
    create trigger tells after insert on public.comments for each row execute function public.on_comment();
    create trigger warns after insert on public.comments for each row execute function public.bound();
"""


def test_every_kind_of_name_moves(clones: Clones, request: pytest.FixtureRequest) -> None:
    """Into a schema of its own, or under another name. Files lie under their bucket's name: a person moves them."""
    (first, *_) = migrations.found_in(PROJECT)
    with existing_app(clones, request) as app:
        assert names.moves(app) == ""
        app.execute(EVERYTHING)
        mend = names.moves(app)
        assert "create schema draft_2;" in mend
        assert not names.by_hand(mend)
        of_auth, of_storage = [line for line in mend.splitlines() if line.startswith(names.BY_HAND)]
        assert 'drop public.on_user() with "cascade"' in of_auth
        assert "bucket post-images" in of_storage
        app.execute(mend.encode())
        app.execute("drop function public.on_user() cascade")
        with pytest.raises(psycopg.errors.DuplicateObject, match=r"^these names are taken: bucket post-images"):
            app.execute(first.file.read_bytes())
        app.execute("delete from storage.buckets")
        app.execute(first.file.read_bytes())
        assert names.moves(app) == ""
        assert rows(app, "select nspname from pg_namespace where nspname = 'draft_private'")


def test_of_a_bucket_alone_no_sql_is_printed(clones: Clones, request: pytest.FixtureRequest) -> None:
    """Nothing moves. Whose it is shows what an earlier adoption's rollback leaves."""
    with existing_app(clones, request) as app:
        app.execute("insert into storage.buckets (id, name) values ('post-images', 'post-images')")
        assert names.moves(app).startswith("-- BY HAND: in Storage, move the files of the bucket post-images ")
        app.execute("create schema queue_removed")
        mend = names.moves(app)
        assert mend == "-- BY HAND: an earlier adoption left the bucket post-images: delete it in Storage."
        assert names.by_hand(mend)


def test_a_view_in_place_of_a_table_is_left_to_a_person(clones: Clones, request: pytest.FixtureRequest) -> None:
    """Moved away, an empty table would come in its place."""
    with existing_app(clones, request) as app:
        app.execute(
            "alter table public.comments rename to remarks; create view public.comments as select * from remarks"
        )
        assert f"{names.BY_HAND}view public.comments has the name of a table" in names.moves(app)


def test_only_what_would_reach_ours_is_touched(clones: Clones, request: pytest.FixtureRequest) -> None:
    """By a table or a function, through other functions too; a text that happens to have the word is left alone."""
    with existing_app(clones, request) as app:
        app.execute(FUNCTIONS)
        mend = names.moves(app)
        assert "alter table public.comments disable trigger tells;" in mend
        assert "alter table public.post_ratings disable trigger asks;" in mend
        assert "alter function private.tell() set search_path = draft, public, extensions;" in mend
        for name in ("warns", "bound", "count_them"):
            assert name not in mend
