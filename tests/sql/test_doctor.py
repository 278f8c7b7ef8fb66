"""The doctor names each fault, and names nothing on a database that has not one."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import PROJECT, Clones
from tests.sql.calls import Db, Row, value
from tests.sql.doctoring import FAULTS, Fault

WAKE_WORKER = PROJECT / "supabase/optional/wake_worker.sql"
# What can be tried in a transaction: SQL, and not the ending of another's session.
NO_SQL = ("psql ", "supabase ", "vercel ", "curl ", "--", "select pg_terminate", "drop index concurrently")
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
        *("ids_not_uuid", "jobs_open", "jobs_stuck", "names_taken", "queue_not_installed", "dead_rows"),
        "like_writes_ignored",
        *("migrations_behind", "migrations_changed", "code_behind"),
        *("bucket_missing", "bucket_private", "storage_unreachable"),
    }
    assert documented == {fault.code for fault in FAULTS} | elsewhere
