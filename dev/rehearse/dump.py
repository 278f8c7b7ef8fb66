"""The rows of a dump, put in place of what the app's migrations left: as `supabase db dump --data-only` and pg_dump
write them.

Such a file wants what the CLI's asks for in its first line: no triggers, and no foreign keys in the order of its
tables. Only schema public is taken. The other schemas are Supabase's, whose tables differ from version to version.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from dev.errors import StackError
from dev.rehearse.scripts import STATEMENT, ScriptError, bare, parts, shortened

NAME = r'("[^"]+"|[\w$]+)'
ROWS = re.compile(rf"(?:insert\s+into|copy)\s+(?:{NAME}\.)?{NAME}", re.IGNORECASE)
NUMBER = re.compile(rf"select\s+(?:pg_catalog\.)?setval\(\s*'{NAME}\.", re.IGNORECASE)
CUSTOM_FORMAT = "PGDMP"
# Nobody signs in as these: they are there for the foreign keys.
USERS: LiteralString = """
    do $$
    declare
      of_user record;
    begin
      for of_user in
        select c.conrelid::regclass as referring, a.attname as named
        from pg_catalog.pg_constraint as c
        join pg_catalog.pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        join pg_catalog.pg_attribute as r on r.attrelid = c.confrelid and r.attnum = c.confkey[1]
        where c.contype = 'f' and c.confrelid = 'auth.users'::regclass and r.attname = 'id'
      loop
        execute format(
          'insert into auth.users (id) select distinct %1$I from %2$s where %1$I is not null on conflict do nothing',
          of_user.named, of_user.referring
        );
      end loop;
    end
    $$
"""


def check(file: Path) -> None:
    """Refuse a file that cannot be one. Raises StackError that says why."""
    text = file.read_text(errors="replace")
    if not text.strip():
        raise StackError(
            f"--dump: {file} is empty, as a dump is that failed. `supabase db dump` needs Docker; pg_dump does not"
        )
    if text.startswith(CUSTOM_FORMAT):
        raise StackError(
            f"--dump: {file} is in a format of pg_dump's own: `pg_restore -f rows.sql {file}` makes it SQL"
        )


def load(admin_url: str, file: Path) -> None:
    """Load it as a superuser. Raises ScriptError that names the statement, StackError when it has no row for us."""
    filled: set[str] = set()
    with psycopg.connect(admin_url) as database:
        database.execute("set session_replication_role = replica")
        for statement, rows in _ours(file.read_text(errors="replace")):
            try:
                if (table := _table(statement)) and table not in filled:
                    # A migration may have put in what the dump has, too.
                    database.execute(sql.SQL("delete from only {}").format(sql.Identifier("public", table)))
                    filled.add(table)
                _run(database, statement, rows)
            except psycopg.Error as error:
                raise ScriptError(file, error, None, shortened(statement)) from error
        if not filled:
            raise StackError(
                f"--dump: {file} has no rows of schema public. `supabase db dump` writes them by --data-only"
            )
        database.execute("set session_replication_role = replica")
        database.execute(USERS)


def _run(database: psycopg.Connection, statement: str, rows: str | None) -> None:
    if rows is None:
        database.execute(statement.encode())
        return
    with database.cursor().copy(statement.encode()) as copy:
        copy.write(rows)


def _ours(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield the statements without those that fill a table, or set a sequence, of another schema."""
    for part, rows in parts(text):
        statements = [part] if rows is not None else (match[0] for match in STATEMENT.finditer(part))
        for statement in map(bare, statements):
            found = ROWS.match(statement) or NUMBER.match(statement)
            if statement and (found is None or found[1] is None or found[1].strip('"') == "public"):
                yield statement, rows


def _table(statement: str) -> str | None:
    """Return the table of schema public that a statement fills."""
    found = ROWS.match(statement)
    if found is None:
        return None
    name = found[2]
    return name.strip('"') if name.startswith('"') else name.lower()
