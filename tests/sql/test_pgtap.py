"""supabase/tests, which a user runs with `supabase test db`, here on pgTAP's own SQL; and supabase/seed.sql.

`supabase test db` itself needs Docker. pgTAP comes with PGlite as SQL: its functions are made without the extension.
"""

import re
import tarfile
from pathlib import Path

import psycopg
import pytest

from dev import paths
from dev.supabase import binaries
from tests.conftest import Connect
from tests.sql.calls import Db, count, rpc

FILES = sorted((paths.PROJECT / "supabase/tests").glob("*.sql"))
SEED = (paths.PROJECT / "supabase/seed.sql").read_bytes()
EXTENSION = "create extension if not exists pgtap with schema extensions;"


def pgtap() -> str:
    """The SQL of pgTAP 1.3.5, without psql's own commands."""
    tarball = binaries.packages() / "node_modules/@electric-sql/pglite/dist/pgtap.tar.gz"
    with tarfile.open(tarball) as archive:
        member = archive.extractfile("share/postgresql/extension/pgtap--1.3.5.sql")
        assert member
        return re.sub(r"^\\.*$", "", member.read().decode(), flags=re.MULTILINE)


@pytest.fixture
def tap(connect: Connect) -> psycopg.Connection[tuple[str]]:
    """A connection as postgres, to a database that has pgTAP's functions."""
    admin = connect("admin")
    admin.execute("set search_path = extensions")
    admin.execute(pgtap().encode())
    admin.execute("grant execute on all functions in schema extensions to postgres, anon, authenticated")
    connection: psycopg.Connection[tuple[str]] = connect()
    return connection


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_pgtap_says_is_ok(tap: psycopg.Connection[tuple[str]], file: Path) -> None:
    """As many lines as planned, each ok; and nothing is left behind."""
    script = file.read_text()
    assert script.count(EXTENSION) == 1
    cursor = tap.execute(script.replace(EXTENSION, "").encode())
    said = []
    while True:
        if cursor.description:
            said += [str(row[0]) for row in cursor.fetchall()]
        if not cursor.nextset():
            break
    planned = next(int(line[3:]) for line in said if line.startswith("1.."))
    results = [line for line in said if re.match(r"(not )?ok ", line)]
    assert [line for line in said if line.startswith("not ok")] == []
    assert len(results) == planned >= 8


def test_the_seed_gives_an_app_to_look_at(db: Db, service: Db) -> None:
    """Posts with likes that a sync counts; and it can be applied again."""
    db.execute(SEED)
    before = {table: count(db, table) for table in ("posts_new", "post_ratings", "comments", "notifications")}
    db.execute(SEED)
    assert {table: count(db, table) for table in before} == before
    posts = [row["id"] for row in db.execute("select id from public.posts_new").fetchall()]
    synced = rpc(service, "sync_post_like_counts", target_post_ids=posts)
    assert sorted(row["likes"] for row in synced) == [2, 4, 9, 12, 23]
    hot = rpc(service, "list_posts", sort="hot", max_posts=10)
    assert {row["id"] for row in hot} == set(posts)
