"""Databases to adopt: the existing app's, before and after the migrations."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from dev.supabase import migrations
from tests.conftest import PROJECT, Clones
from tests.sql.calls import Db, Row

EXISTING_APP = Path(__file__).with_name("existing_app.sql")
# The posts of existing_app.sql.
RIGHT, TWICE, NEVER, UNRATED = map(UUID, (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3, 4)))

OUR_SQL = ("migrations", "optional", "rollback")
# After "as", or before a type: an alias, a column of a query, a parameter, a variable.
OF_THE_APP = re.compile(r"public\.(posts_new|post_ratings|comments)\b|\bfrom changed\b")
OUR_NAMES = re.compile(
    r"\bas ([a-z_]+)\b|\b([a-z_]{2,}) (?:text|integer|bigint|uuid|jsonb|boolean|timestamptz|interval)\b"
)


@contextmanager
def new_project(clones: Clones, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database as a new project has it, without migrations, role postgres."""
    worker = getattr(request.config, "workerinput", {"workerid": "main"})["workerid"]
    name = f"adopted_{worker}"
    clones.databases.create(name)
    try:
        yield clones.databases.address.postgres_url(database=name)
    finally:
        clones.databases.drop(name)


@contextmanager
def existing_app(clones: Clones, request: pytest.FixtureRequest) -> Iterator[Db]:
    """The existing app's database, not migrated yet, role postgres."""
    with (
        new_project(clones, request) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as db,
    ):
        db.execute(EXISTING_APP.read_bytes())
        yield db


def migrate(db: Db) -> None:
    """Apply every migration in a transaction of its own, whether applied before or not."""
    for migration in migrations.found_in(PROJECT):
        with db.transaction():
            db.execute(migration.file.read_bytes())


def add_columns_of_our_names(db: Db) -> int:
    """Give the app's tables a column for each name that our SQL has for rows, values and variables; return how many.

    `to_jsonb(rating)` is the row of that alias, until the table has a column `rating`: then it is the column.
    """
    files = [file for folder in OUR_SQL for file in (PROJECT / "supabase" / folder).glob("*.sql")]
    texts = [text for file in files if OF_THE_APP.search(text := file.read_text())]
    found = {name for text in texts for pair in OUR_NAMES.findall(text) for name in pair if name}
    with db.transaction():
        for table in ("posts_new", "post_ratings", "comments"):
            columns = sql.SQL(", ").join(
                sql.SQL("add column if not exists {} integer default 1").format(sql.Identifier(name))
                for name in sorted(found)
            )
            db.execute(sql.SQL("alter table public.{} {}").format(sql.Identifier(table), columns))
    return len(found)


def rows(db: Db, query: LiteralString, *arguments: object) -> list[Row]:
    """Run a query."""
    return db.execute(query, arguments).fetchall()


@contextmanager
def acting_as(db: Db, role: str, user_id: UUID | None = None) -> Iterator[None]:
    """Be a client for the length of the block, as PostgREST makes one."""
    with db.transaction():
        db.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        db.execute("select set_config('request.jwt.claim.sub', %s, true)", [str(user_id or "")])
        yield


def attempt(db: Db, role: str, statement: LiteralString, user_id: UUID | None = None) -> int | str:
    """Return how many rows a client's statement reads or writes, or the name of the error."""
    try:
        with acting_as(db, role, user_id):
            return db.execute(statement).rowcount
    except psycopg.Error as error:
        return type(error).__name__


def fingerprint(db: Db) -> dict[str, Any]:
    """Return what our schemas consist of, and their rows."""
    found: dict[str, Any] = {}
    for name, query in SCHEMA.items():
        found[name] = sorted(map(str, rows(db, query)))
    for table in rows(db, TABLES):
        whole = sql.SQL("select (each.*)::text from {}.{} as each").format(*map(sql.Identifier, table.values()))
        found[".".join(table.values())] = sorted(str(row) for row in db.execute(whole))
    return found


TABLES: LiteralString = """
    select relnamespace::regnamespace::text as schema, relname from pg_class
    where relnamespace::regnamespace::text in ('public', 'queue_private') and relkind = 'r'
"""


SCHEMA: dict[str, LiteralString] = {
    "columns": """
        select c.relname, c.relkind, c.relrowsecurity, c.relacl::text, c.reloptions, a.attname, a.attacl::text,
          format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
        from pg_class as c
        left join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and c.relkind <> 'i'
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where c.relnamespace::regnamespace::text in ('public', 'queue_private')
    """,
    "constraints": """
        select conrelid::regclass::text, conname, convalidated, pg_get_constraintdef(oid)
        from pg_constraint where connamespace::regnamespace::text in ('public', 'queue_private')
    """,
    "indexes": "select indexdef from pg_indexes where schemaname in ('public', 'queue_private')",
    "functions": """
        select pg_get_functiondef(oid), proacl::text from pg_proc
        where pronamespace::regnamespace::text in ('public', 'queue_private')
    """,
    "triggers": "select pg_get_triggerdef(oid), tgenabled from pg_trigger where not tgisinternal",
    "policies": "select * from pg_policies",
    "types": """
        select t.typname, array_agg(e.enumlabel order by e.enumsortorder) from pg_type as t
        left join pg_enum as e on e.enumtypid = t.oid
        where t.typnamespace::regnamespace::text in ('public', 'queue_private') group by 1
    """,
}
