"""Each test has a database of its own, served by the run's one stack."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from dev import paths
from dev.supabase.address import Address
from dev.supabase.databases import Databases
from tests.conftest import Clones, Connect


def query(env: dict[str, str], path: str) -> httpx.Response:
    """Ask the API of a database with the service role's key."""
    headers = {"apikey": env["SUPABASE_SERVICE_ROLE_KEY"]}
    return httpx.get(f"{env['SUPABASE_URL']}/rest/v1/{path}", headers=headers)


def test_clones_do_not_see_each_other(project: dict[str, str], clones: Clones) -> None:
    """Neither in SQL nor through the API."""
    other_name = clones.take()
    other = clones.databases.address.env(other_name)
    create = "create table public.only_here (id int)"
    with psycopg.connect(project["DATABASE_URL"]) as connection:
        connection.execute(create)
    clones.databases.address.control("reload", project["SUPABASE_URL"].rpartition("/")[2])
    with psycopg.connect(other["DATABASE_URL"]) as connection:
        connection.execute(create)
        connection.execute("insert into public.only_here values (1)")
    assert query(project, "only_here").json() == []
    assert query(other, "only_here").status_code == 404
    clones.give_back(other_name)


def test_a_clone_is_migrated(db: psycopg.Connection[dict[str, Any]]) -> None:
    """With all of the repository's migrations, recorded as the Supabase CLI records them."""
    rows = db.execute("select version from supabase_migrations.schema_migrations order by 1")
    files = sorted((paths.PROJECT / "supabase/migrations").glob("*.sql"))
    assert [row["version"] for row in rows] == [file.name.partition("_")[0] for file in files]


def test_connections_have_the_role_asked_for(connect: Connect) -> None:
    """postgres by default, which is no superuser, as on the hosted service."""
    roles = {None: "postgres", "admin": "supabase_admin", "anon": "anon"}
    roles |= {"authenticated": "authenticated", "service_role": "service_role"}
    for asked, expected in roles.items():
        connection = connect(asked) if asked else connect()
        assert connection.execute("select current_user").fetchone() == (expected,)
    superusers = connect().execute("select rolname from pg_roles where rolsuper").fetchall()
    assert superusers == [("supabase_admin",)]


def test_a_transaction_can_be_held_open(connect: Connect) -> None:
    """With autocommit off: what races are made of."""
    first, second = connect(autocommit=False), connect()
    first.execute("create table public.held (id int)")
    assert second.execute("select to_regclass('public.held')").fetchone() == (None,)
    first.commit()
    assert second.execute("select to_regclass('public.held')").fetchone() == ("held",)


def test_hosted_default_privileges_are_there(connect: Connect) -> None:
    """A new table is open to everyone, so a migration that forgets to revoke is seen."""
    connect().execute("create table public.open (id int)")
    assert connect("anon").execute("select * from public.open").fetchall() == []


@pytest.mark.parametrize("extension", ["pg_cron", "pg_net", "pgtap"])
def test_extensions_can_be_created_by_migrations(connect: Connect, extension: str) -> None:
    """pgTAP is real; the other two record what they are asked and do nothing."""
    connection = connect() if extension != "pgtap" else connect("admin")
    connection.execute(f"create extension {extension}".encode())
    if extension == "pg_cron":
        call = "select cron.schedule('nightly', '0 3 * * *', 'select 1')"
        assert connection.execute(call.encode()).fetchone() == (1,)
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute("select cron.schedule('bad', 'every day', 'select 1')")
    if extension == "pg_net":
        connection.execute("select net.http_post('http://127.0.0.1/', '{\"a\": 1}')")
        asked = connection.execute("select method, url from net.http_request_queue").fetchall()
        assert asked == [("POST", "http://127.0.0.1/")]


def test_a_database_can_be_made_and_dropped(address: Address, worker_id: str) -> None:
    """For tests of the migrations themselves: it begins as a new hosted project does."""
    name = f"empty_{worker_id}"
    databases = Databases(address, Path("/nonexistent"))
    databases.create(name)
    try:
        assert databases.migrate(name) == []
        assert query(address.env(name), "posts_new").status_code == 404
    finally:
        databases.drop(name)
    assert not databases.exists(name)


def test_a_command_can_run_against_a_temporary_stack() -> None:
    """`python -m dev run`: in its environment, with its exit status."""
    code = "import os, sys; print(os.environ['DATABASE_URL'][:13]); sys.exit(7)"
    command = [sys.executable, "-m", "dev", "run", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=paths.PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "postgresql://\n")
