"""python -m dev.doctor on the existing app's database, which has none of our migrations, and on what becomes of it."""

import json
import re
from uuid import UUID

import psycopg
import pytest

from dev.doctor import examine
from dev.doctor.__main__ import main
from dev.supabase.migrations import RECORDS
from tests.conftest import PROJECT, Clones
from tests.sql.adopting import attempt, existing_app, fingerprint, migrate
from tests.sql.calls import value

FIRST_DRAFT = """
    create table background_jobs (
      id uuid primary key default gen_random_uuid(), status text default 'pending', started_at timestamptz
    );
    insert into background_jobs (status, started_at) values ('processing', now() - interval '1 hour');
    create function claim_next_job() returns void language sql as
    $$ update background_jobs set status = 'processing', started_at = now() where status = 'pending' $$
"""
# With row level security, a policy for the service only, and Supabase's default grants.
DRAFT_WITH_A_TRIGGER = """
    create table public.background_jobs (id uuid primary key default gen_random_uuid(), status text default 'pending');
    alter table public.background_jobs enable row level security;
    grant all on public.background_jobs to anon, authenticated;
    create policy "workers" on public.background_jobs using (auth.role() = 'service_role');
    create function public.ask() returns trigger language plpgsql as
    $$ begin insert into {schema}background_jobs default values; return new; end $$;
    create trigger ask after insert on public.post_ratings for each row execute function public.ask();
"""
USER = UUID("00000000-0000-0000-0000-0000000000aa")
TUTORIAL = """
    alter table public.posts_new enable row level security;
    alter table public.post_ratings enable row level security;
    alter table public.comments enable row level security;
    create policy "Enable all for all users" on public.posts_new using (true) with check (true);
    create policy "Enable all for all users" on public.post_ratings using (true) with check (true);
    delete from public.comments;
    revoke truncate on all tables in schema public from anon, authenticated;
    alter table public.comments validate constraint comments_post_id_fkey;
    update public.posts_new set user_id = '00000000-0000-0000-0000-0000000000aa' where caption = 'counted right';
"""
CLOSE = (
    'make install-into DIR=../app ARGS="--add close_direct_ratings" # when no front end writes ratings itself; '
    "then, in the app: supabase db push --remote"
)
# What existing_app.sql has, and what every app without the queue has.
OF_THE_APP = {
    *("client_may_truncate", "column_nullable", "constraint_not_validated", "duplicate_ratings", "foreign_key_missing"),
    *("foreign_key_without_index", "like_drift", "likes_writable", "orphaned_comments", "orphaned_ratings"),
    *("queue_not_installed", "ratings_not_unique", "row_security_off", "session_ids_public"),
}


def test_the_old_app_is_examined_and_left_as_it_was(clones: Clones, request: pytest.FixtureRequest) -> None:
    """The checks are made in a transaction that is rolled back; they see what the migrations would then repair."""
    with existing_app(clones, request) as app:
        url = f"{app.info.dsn} password={app.info.password}"
        before = fingerprint(app)
        findings = examine(url)
        assert {finding.code for finding in findings} == OF_THE_APP
        # That alone, without a policy, would shut the app's readers out.
        assert [finding.code for finding in findings if "enable row level" in finding.mend] == []
        assert fingerprint(app) == before
        app.execute(FIRST_DRAFT)
        codes = {finding.code for finding in examine(url)}
        assert codes - OF_THE_APP == {"names_taken", "jobs_stuck", "jobs_open", "function_open"}
        app.execute("drop function claim_next_job; drop table background_jobs")

        migrate(app)
        # As like_writes.sql and app_access.sql say: until old clients are gone.
        assert [finding.code for finding in examine(url)] == ["session_ids_public", "like_writes_ignored"]
        app.execute("alter table posts_new disable trigger ignore_like_write_on_update")
        assert "likes_writable" in {finding.code for finding in examine(url)}


def test_names_of_the_app_s_own_migrations_are_no_sign_of_ours(clones: Clones, request: pytest.FixtureRequest) -> None:
    """Supabase's list of an app that has a file limits.sql, as many have; before ours and after they came by psql."""
    with existing_app(clones, request) as app:
        app.execute(RECORDS.encode())
        app.execute(
            "insert into supabase_migrations.schema_migrations (version, name) values ('20240101000000', 'limits')"
        )
        url = f"{app.info.dsn} password={app.info.password}"
        assert "migration_not_applied" not in {finding.code for finding in examine(url)}
        migrate(app)
        assert "migration_not_applied" not in {finding.code for finding in examine(url)}


@pytest.mark.parametrize("schema", ["", "public."])
def test_a_trigger_that_row_security_refuses_is_found_and_mended(
    clones: Clones, request: pytest.FixtureRequest, schema: str
) -> None:
    """Supabase's defaults grant the insert, so the privilege says nothing. Its mend lets visitors like."""
    with existing_app(clones, request) as app:
        app.execute(DRAFT_WITH_A_TRIGGER.replace("{schema}", schema).encode())
        like = "insert into public.post_ratings (post_id, session_id) values (gen_random_uuid(), 'a-session')"
        app.execute("alter table public.post_ratings drop constraint if exists post_ratings_post_id_fkey")
        assert attempt(app, "anon", like) == "InsufficientPrivilege"
        url = f"{app.info.dsn} password={app.info.password}"
        (found,) = [finding for finding in examine(url) if finding.code == "trigger_without_rights"]
        app.execute(found.mend.encode())
        assert attempt(app, "anon", like) == 1
        assert "trigger_without_rights" not in {finding.code for finding in examine(url)}


def test_before_the_adoption_no_mend_stops_the_app(clones: Clones, request: pytest.FixtureRequest) -> None:
    """Its clients write posts and ratings themselves, and the ratings have no owner to name."""
    with existing_app(clones, request) as app:
        app.execute(TUTORIAL)
        mends = {each.subject: each.mend for each in examine(f"{app.info.dsn} password={app.info.password}")}
        for table in ("post_ratings", "posts_new"):
            assert "install-into" in mends[f"public.{table}.Enable all for all users"]
        assert "install-into" in mends["public.comments.post_id"]


def test_in_the_transition_no_mend_stops_an_old_front_end(clones: Clones, request: pytest.FixtureRequest) -> None:
    """A tutorial's policies let old code like. After the last step the one that is left has a mend that is SQL."""
    with existing_app(clones, request) as app:
        app.execute(TUTORIAL)
        migrate(app)
        url = f"{app.info.dsn} password={app.info.password}"
        mends = {finding.subject: finding.mend for finding in examine(url) if finding.code != "like_writes_ignored"}
        assert mends["public.post_ratings.Enable all for all users"] == CLOSE
        assert mends["public.post_ratings"] == CLOSE
        assert mends["public.posts_new.Enable all for all users"].startswith(
            "-- When strict_likes is taken:\nalter policy"
        )
        for step in ("strict_likes", "close_direct_ratings"):
            app.execute((PROJECT / f"supabase/optional/{step}.sql").read_bytes())
        (last,) = examine(url)
        assert (last.code, last.subject) == ("policy_open", "public.posts_new.Enable all for all users")
        app.execute(last.mend.encode())
        assert examine(url) == []
        assert attempt(app, "anon", "select from public.posts_new") == 4
        assert attempt(app, "authenticated", "update public.posts_new set caption = 'mine'", USER) == 1
        assert attempt(app, "authenticated", "delete from public.posts_new", USER) == 1
        # The mend's last line undoes it, for an old front end that comes back.
        app.execute(last.mend.rpartition("\n-- ")[2].encode())
        assert attempt(app, "anon", "update public.posts_new set caption = 'anybody'") == 3
        assert examine(url) == [last]


def test_it_says_how_many_old_writes_there_were(clones: Clones, request: pytest.FixtureRequest) -> None:
    """Not one, one, two; with the time of the last one."""
    with existing_app(clones, request) as app:
        migrate(app)
        said = []
        for _ in range(3):
            findings = value(app, "queue_diagnostics")["findings"]
            (message,) = [each["message"] for each in findings if each["code"] == "like_writes_ignored"]
            said.append(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME", message.partition("ignored. ")[2]))
            attempt(app, "anon", "update public.posts_new set likes = 7 where caption = 'no ratings'")
        assert said == [
            "No client did so far",
            "It happened once, at TIME",
            "It happened 2 times, the last time at TIME",
        ]


def test_ids_that_are_no_uuid_are_refused_before_anything_changes(
    clones: Clones, request: pytest.FixtureRequest
) -> None:
    """All functions take uuids. The doctor says it beforehand."""
    with existing_app(clones, request) as app:
        app.execute("""
            truncate public.post_ratings, public.comments, public.posts_new;
            alter table public.posts_new alter column user_id type bigint using null;
            alter table public.comments drop constraint comments_post_id_fkey, alter column post_id type text;
        """)
        before = fingerprint(app)
        said = "these columns have to be uuid: posts_new.user_id is bigint, comments.post_id is text"
        with pytest.raises(psycopg.errors.DatatypeMismatch, match=said):
            migrate(app)
        assert fingerprint(app) == before
        (finding,) = (
            each for each in examine(f"{app.info.dsn} password={app.info.password}") if each.code == "ids_not_uuid"
        )
        assert finding.message.startswith(said)


def test_the_command_fails_as_told(project: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """0 nothing so bad, 1 something, 2 no examination."""
    url = project["DATABASE_URL"]
    assert main([url]) == 0
    assert "Nothing is wrong." in capsys.readouterr().out
    admin = project["DATABASE_ADMIN_URL"]
    with_fault = [admin, "--json"]
    make_fault(admin)
    assert main([*with_fault, "--fail-on", "medium"]) == 0
    assert main([*with_fault, "--fail-on", "low"]) == 1
    assert main([*with_fault, "--fail-on", "never"]) == 0
    (finding,) = json.loads(capsys.readouterr().out.split("\n]\n")[0] + "]")
    assert (finding["code"], finding["severity"]) == ("index_redundant", "low")
    assert main([url]) == 0
    shown = capsys.readouterr().out
    assert "\n    drop index concurrently public.mine;" in shown
    assert "1 finding: 1 low." in shown
    assert main(["postgresql://nobody@127.0.0.1:1/none"]) == 2
    assert "cannot be examined" in capsys.readouterr().err


def make_fault(url: str) -> None:
    """Add an index that another one makes superfluous."""
    with psycopg.connect(url) as db:
        db.execute("create index mine on public.post_ratings (post_id)")
