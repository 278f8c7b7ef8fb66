"""Apply `supabase/migrations` as `supabase db push` does: in order, each in a transaction, recorded
in the table where the Supabase CLI looks."""

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dev.errors import StackError

FILE_NAME = re.compile(r"(?P<version>\d+)_(?P<name>.*)\.sql")
RECORDS = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations
    (version text primary key, statements text[], name text)
"""


@dataclass(frozen=True)
class Migration:
    """One file of supabase/migrations."""

    version: str
    name: str
    file: Path


def found_in(project: Path) -> list[Migration]:
    """Return a project's migrations in the order in which they apply."""
    return [
        Migration(match["version"], match["name"], file)
        for file in sorted((project / "supabase" / "migrations").glob("*.sql"))
        if (match := FILE_NAME.fullmatch(file.name))
    ]


def apply_pending(database_url: str, project: Path) -> list[str]:
    """Apply what the database has not seen, and return the names of those files.

    Raises StackError with file, line and Postgres's message; the files before it stay applied.
    """
    applied = []
    with psycopg.connect(database_url) as connection:
        connection.execute(RECORDS)
        rows = connection.execute("select version from supabase_migrations.schema_migrations")
        seen = {version for (version,) in rows}
        connection.commit()
        for migration in found_in(project):
            if migration.version not in seen:
                _apply(connection, migration)
                applied.append(migration.file.name)
    return applied


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    script = migration.file.read_text()
    try:
        # Without parameters psycopg uses the simple protocol: a whole script in one message.
        connection.execute(script.encode())
        record(connection, migration)
        connection.commit()
    except psycopg.Error as error:
        connection.rollback()
        place = f"{migration.file}:{_line_of(error, script)}"
        raise StackError(f"{place}: {error}") from error


def record(connection: psycopg.Connection, migration: Migration) -> None:
    """Note that a migration is applied, where RECORDS has made the table for it."""
    connection.execute(
        "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)",
        (migration.version, migration.name, [migration.file.read_text(errors="replace")]),
    )


def _line_of(error: psycopg.Error, script: str) -> int:
    """Return the line that Postgres's error points at, or 1 if it points nowhere."""
    position = int(error.diag.statement_position or 1)
    return script.count("\n", 0, position - 1) + 1
