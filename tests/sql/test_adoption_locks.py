"""Adoption while the app is in use: who waits for whom."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from dev.supabase import migrations
from tests.conftest import PROJECT, Clones
from tests.likes.posts import drift, rate
from tests.sql.adopting import UNRATED, existing_app, migrate
from tests.sql.calls import Db, count
from tests.sql.racing import meanwhile, wait_until_blocked


@pytest.fixture
def app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet."""
    with existing_app(clones, request) as db:
        yield db


@pytest.fixture
def client(app: Db, clones: Clones) -> Iterator[Db]:
    """Another connection, whose transaction stays open."""
    url = clones.databases.address.postgres_url(database=app.info.dbname)
    with psycopg.connect(url, row_factory=dict_row) as connection:
        yield connection


def test_a_rater_and_the_migration_do_not_deadlock(app: Db, client: Db) -> None:
    """Both take the ratings first: the migration waits, then has everything."""
    rate(client, UNRATED, "session-z")
    observer = psycopg.connect(app.info.dsn, password=app.info.password, autocommit=True)
    with observer, meanwhile(migrate, app) as migrated:
        wait_until_blocked(observer, app)
        client.execute("update public.posts_new set caption = 'x' where id = %s", [UNRATED])
        client.commit()
    assert migrated.exception() is None
    assert drift(app) == {}


def test_an_analyze_and_the_migration_do_not_deadlock(app: Db, client: Db) -> None:
    """As autovacuum may: the file takes the tables to itself before it writes their rows in pg_class."""
    for migration in migrations.found_in(PROJECT):
        if migration.name == "app_access":
            break
        app.execute(migration.file.read_bytes())
    client.execute("lock table public.post_ratings in share update exclusive mode")  # as ANALYZE does
    observer = psycopg.connect(app.info.dsn, password=app.info.password, autocommit=True)
    with observer, meanwhile(app.execute, migration.file.read_bytes()) as migrated:
        wait_until_blocked(observer, app)
        client.execute("analyze public.post_ratings")
        client.commit()
    assert migrated.exception() is None


def test_a_reader_does_not_hold_up_repeating_it(app: Db, client: Db) -> None:
    """Nothing is missing, so nothing needs the tables to itself."""
    migrate(app)
    for table in ("posts_new", "post_ratings", "comments"):
        count(client, table)
    app.execute("set lock_timeout = '500ms'")
    for migration in migrations.found_in(PROJECT):
        if migration.name in ("app_tables", "app_access"):
            app.execute(migration.file.read_bytes())
