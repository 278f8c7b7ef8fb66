# ruff: noqa: S608 - faults are SQL made of constants
"""The doctor names each fault, and names nothing on a database that has not one."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import PROJECT, Clones
from tests.sql.calls import Db, Row, value
from tests.sql.doctoring import (
    A_DEAD_JOB,
    A_POST,
    FAULTS,
    LEASE_VALUES,
    LEASED,
    POST,
    Fault,
    a_job,
    a_run,
)

WAKE_WORKER = PROJECT / "supabase/optional/wake_worker.sql"
# What can be tried in a transaction: SQL, and not the ending of another's session.
NO_SQL = ("psql ", "supabase ", "make ", "vercel ", "curl ", "--", "select pg_terminate", "drop index concurrently")
# What holds from the next session on.
NEXT_SESSION = ("alter system", "alter database", "alter role service_role reset")


@pytest.fixture(scope="module")
def superuser(clones: Clones) -> Iterator[Db]:
    """One migrated database for all faults: each is rolled back."""
    name = clones.take()
    url = clones.databases.address.env(name)["DATABASE_ADMIN_URL"]
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as db:
        yield db
    clones.give_back(name)


def diagnose(db: Db) -> list[Row]:
    """Ask as the functions do."""
    with db.transaction():
        db.execute("set local role service_role")
        findings: list[Row] = value(db, "queue_diagnostics")["findings"]
        db.execute("reset role")
    return findings


def test_a_healthy_database_has_no_finding(superuser: Db) -> None:
    """Else nobody would read them."""
    assert diagnose(superuser) == []


def test_old_image_urls_have_triggers_for_a_constraint(superuser: Db) -> None:
    """An adopted app whose rows break the rule: the migrations choose that themselves."""
    [rule] = (PROJECT / "supabase/migrations").glob("*_image_urls.sql")
    with superuser.transaction(force_rollback=True):
        superuser.execute("alter table public.posts_new drop constraint posts_new_image_url_is_a_url_or_a_path")
        superuser.execute("insert into public.posts_new (image_url) values ('data:image/png;base64,AAAA')")
        assert "constraint_missing" in {each["code"] for each in diagnose(superuser)}
        superuser.execute(rule.read_bytes())
        assert "constraint_missing" not in {each["code"] for each in diagnose(superuser)}


def test_no_optional_migration_is_a_fault(superuser: Db) -> None:
    """What an operator chose is no finding, but for the secrets that are still to be stored."""
    with superuser.transaction(force_rollback=True):
        for file in sorted(WAKE_WORKER.parent.glob("*.sql")):
            superuser.execute(file.read_bytes())
        assert {each["code"] for each in diagnose(superuser)} == {"secret_missing"}


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{place} {fault}" for place, fault in enumerate(FAULTS)])
def test_each_fault_is_found_and_mended(superuser: Db, fault: Fault) -> None:
    """By what the finding says, where that is SQL."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(fault.done.replace("{wake_worker}", WAKE_WORKER.read_text()).encode())
        findings = diagnose(superuser)
        assert {each["code"] for each in findings} == {fault.code, *fault.others}
        mends = {each["code"]: each["mend"] for each in findings if not each["mend"].startswith(NO_SQL + NEXT_SESSION)}
        # What it is about first: a foreign key comes after the orphans.
        for code in sorted(mends, key=lambda code: code != fault.code):
            superuser.execute(mends[code].encode())
        if mends:
            assert not mends.keys() & {each["code"] for each in diagnose(superuser)}


RATED = f"""
    alter table post_ratings drop constraint post_ratings_post_id_session_id_key; {A_POST}
    insert into post_ratings (post_id, session_id)
    select '{POST}', 'a-session-0123456789' from generate_series(1, {{rows}})
"""
ORPHANS = """
    alter table comments drop constraint comments_post_id_fkey;
    alter table comments alter post_id drop not null;
    insert into comments (post_id) select {post} from generate_series(1, {rows})
"""
DRIFT = f"""
    {A_POST} insert into posts_new (id) values ('00000000-0000-0000-0000-0000000000bb');
    update posts_new set likes = 5 where id::text <= '{{upto}}'
"""
SENTENCES = [
    ("duplicate_ratings", RATED.format(rows=2), f"1 rating is too many: it is a session's second one of post {POST}"),
    (
        "duplicate_ratings",
        RATED.format(rows=3),
        f"2 ratings are too many: each is a session's second one of a post, such as post {POST}",
    ),
    ("orphaned_comments", ORPHANS.format(post=f"'{POST}'", rows=1), f"1 row belongs to no post: post {POST} is gone"),
    ("orphaned_comments", ORPHANS.format(post="null", rows=1), "1 row belongs to no post"),
    (
        "orphaned_comments",
        ORPHANS.format(post=f"'{POST}'", rows=2),
        f"2 rows belong to no post: post {POST} is gone, for example",
    ),
    (
        "like_drift",
        DRIFT.format(upto=POST),
        f"1 post has a like count that is not the number of its ratings: {POST}",
    ),
    (
        "like_drift",
        DRIFT.format(upto="00000000-0000-0000-0000-0000000000bb"),
        f"2 posts have a like count that is not the number of their ratings, such as {POST}",
    ),
    ("dead_jobs", A_DEAD_JOB, "1 job is dead and nobody has dealt with it: the host is gone"),
    (
        "dead_jobs",
        f"{A_DEAD_JOB};" * 2,
        "2 jobs are dead and nobody has dealt with them, the newest: the host is gone",
    ),
    (
        "given_back_too_often",
        a_run() + a_job("-1 hour", ", deferrals", ", 50"),
        "1 job came back 50 times or more without an attempt counted; read its errors: what it needs may be down",
    ),
    (
        "expired_leases",
        a_run() + a_job(columns=LEASED, values=LEASE_VALUES),
        "1 job is stuck: its lease has expired; see whether the cron still calls the worker, which takes it back",
    ),
]


@pytest.mark.parametrize(("code", "done", "sentence"), SENTENCES)
def test_messages_count_as_people_do(superuser: Db, code: str, done: str, sentence: str) -> None:
    """One is one, and two are two."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(done.encode())
        assert sentence in [each["message"] for each in diagnose(superuser) if each["code"] == code]


def test_dead_rows_are_found(db: Db) -> None:
    """More than live ones, and more than a busy day makes."""
    run = (
        "insert into worker_runs (worker_id, trigger, budget_ms) select 'w', 'cron', 1 from generate_series(1, 100001)"
    )
    db.execute("alter table worker_runs set (autovacuum_enabled = off)")
    db.execute(run.encode())
    db.execute("delete from worker_runs")
    db.execute("select pg_stat_force_next_flush()")
    assert {each["code"] for each in diagnose(db)} == {"dead_rows", "table_not_vacuumed"}


def test_the_document_lists_the_findings() -> None:
    """Those of the faults, and those that are tried elsewhere: on the old app, over HTTP, and above."""
    rows = re.findall(r"^\| (`.*?) \|", (PROJECT / "docs/doctor.md").read_text(), re.MULTILINE)
    documented = {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)}
    elsewhere = {
        *("ids_not_uuid", "table_unfit", "jobs_open", "jobs_stuck", "names_taken", "queue_not_installed", "dead_rows"),
        "like_writes_ignored",
        *("migrations_behind", "migrations_changed", "code_behind"),
        *("bucket_missing", "bucket_private", "storage_unreachable"),
    }
    assert documented == {fault.code for fault in FAULTS} | elsewhere
