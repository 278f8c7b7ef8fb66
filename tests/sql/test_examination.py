"""python -m dev.doctor on the existing app's database, which has none of our migrations, and on what becomes of it."""

import json

import psycopg
import pytest

from dev.doctor import examine
from dev.doctor.__main__ import main
from tests.conftest import Clones
from tests.sql.adopting import existing_app, fingerprint, migrate

FIRST_DRAFT = """
    create table background_jobs (
      id uuid primary key default gen_random_uuid(), status text default 'pending', started_at timestamptz
    );
    insert into background_jobs (status, started_at) values ('processing', now() - interval '1 hour');
    create function claim_next_job() returns void language sql as
    $$ update background_jobs set status = 'processing', started_at = now() where status = 'pending' $$
"""
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
        assert {finding.code for finding in examine(url)} == OF_THE_APP
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
