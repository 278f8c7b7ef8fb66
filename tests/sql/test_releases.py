"""Released migrations stay as they are, and a database of the last release comes to the newest with its rows."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from dev.check.schema import describe
from dev.errors import StackError
from dev.release import Release, checksums, freeze, releases
from tests.conftest import PROJECT, Clones
from tests.likes.posts import drain, drift, make_post, set_like
from tests.sql.adopting import EXISTING_APP, new_project
from tests.sql.calls import Db, count, rpc

RELEASES = releases(PROJECT)
# Before the first release there is none to come from: then the whole set is applied to a database that has it.
LAST = RELEASES[-1] if RELEASES else Release("none", checksums(PROJECT))


def test_released_migrations_stay_as_they_were() -> None:
    """Databases have them as they were: who edits one makes a schema that nobody has."""
    assert [problem for release in RELEASES for problem in release.problems(PROJECT)] == []


@pytest.fixture(params=["a new project", "an adopted app"])
def released(request: pytest.FixtureRequest, clones: Clones) -> Iterator[Db]:
    """A database of the last release that has been in use: likes, jobs of each state, schedules, notifications."""
    with (
        new_project(clones, request) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as db,
    ):
        if request.param == "an adopted app":
            db.execute(EXISTING_APP.read_bytes())
        apply(db, list(LAST.checksums))
        for _ in range(3):
            set_like(db, make_post(db), f"session-{uuid4()}")
        rpc(db, "enqueue_job", job_type="cleanup_expired", payload={}, idempotency_key="kept")
        rpc(db, "enqueue_job", job_type="recompute_rankings", payload={})
        (claimed,) = rpc(db, "claim_next_job", worker_id="w", job_types=["recompute_rankings"])
        rpc(db, "fail_job", job_id=claimed["id"], claim_token=claimed["claim_token"], error_msg="x", retryable=False)
        rpc(db, "add_notification", job_id=None, redrive_of=None, user_id=uuid4(), title="t", body="b", url=None)
        yield db


def apply(db: Db, names: list[str]) -> None:
    """Apply these migrations, each in a transaction of its own."""
    for name in names:
        with db.transaction():
            db.execute((PROJECT / "supabase/migrations" / name).read_bytes())


def test_the_last_release_comes_to_the_newest_with_its_rows(released: Db) -> None:
    """Nothing is lost, jobs go on, and counts are right."""
    tables = ("posts_new", "post_ratings", "comments", "background_jobs", "job_history", "notifications")
    before = {table: count(released, table) for table in tables}
    assert all(before[table] for table in ("post_ratings", "background_jobs", "job_history", "notifications"))
    newer = [name for name in checksums(PROJECT) if name not in LAST.checksums] or list(checksums(PROJECT))
    apply(released, newer)
    assert {table: count(released, table) for table in tables} == before
    assert (
        rpc(released, "enqueue_job", job_type="cleanup_expired", payload={}, idempotency_key="kept")[0]["created"]
        is False
    )
    drain(released)
    assert drift(released) == {}
    assert len(rpc(released, "redrive_jobs", job_type="recompute_rankings")) == 1


def test_its_schema_is_that_of_a_new_database(clones: Clones, request: pytest.FixtureRequest) -> None:
    """However a database came to a version, it has the same."""
    with new_project(clones, request) as url:
        with psycopg.connect(url, autocommit=True, row_factory=dict_row) as db:
            apply(db, list(LAST.checksums))
            apply(db, [name for name in checksums(PROJECT) if name not in LAST.checksums])
        assert describe(url) == describe(clones.databases.address.postgres_url())


def test_a_release_is_made_once_and_watched_over(tmp_path: Path) -> None:
    """An edit, a file that is gone, and one that comes between are named."""
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    for number in (1, 2, 3):
        (folder / f"2026010100000{number}_step.sql").write_text(f"select {number};")
    freeze(tmp_path, "1.0.0")
    (release,) = releases(tmp_path)
    assert release.problems(tmp_path) == []
    (folder / "20260101000004_later.sql").write_text("select 4;")
    assert release.problems(tmp_path) == []
    freeze(tmp_path, "1.10.0")
    assert [each.version for each in releases(tmp_path)] == ["1.0.0", "1.10.0"]
    (folder / "20260101000001_step.sql").write_text("select 'edited';")
    (folder / "20260101000002_step.sql").unlink()
    (folder / "20260101000000_early.sql").write_text("select 0;")
    problems = " ".join(release.problems(tmp_path))
    for said in (
        "000001_step.sql was released in 1.0.0 and has changed",
        "000002_step.sql",
        "000000_early.sql comes before",
    ):
        assert said in problems
    refusals = (("1.0.0", "never made twice"), ("1.1", "three numbers"), ("2.0.0", "has changed since"))
    for version, message in refusals:
        with pytest.raises(StackError, match=message):
            freeze(tmp_path, version)
