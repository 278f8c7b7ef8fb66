"""Names of ours that the app uses: the SQL that moves what has them out of the way, in one piece.

The app's triggers, functions and pg_cron jobs that name what moves would reach ours afterwards, and fail or do worse:
they are part of it.
"""

import json
import re
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from dev import paths
from dev.supabase import migrations

BY_HAND = "-- BY HAND: "
CLASHES = Path(__file__).with_name("clashes.sql")
RESERVING = re.compile(r"reserve_names\('(\{.*?\})'\);", re.DOTALL)
HEAD = """\
-- Moves what has a name of the queue's out of its way, rows and all. Stop its worker first.
create schema {schema};"""
# For functions that go on: clients may call them, and PostgREST does not expose the schema.
USAGE = "grant usage on schema {schema} to anon, authenticated, service_role;"
STAYS = """\
-- What a moved function names is what has moved.
do $$
declare
  moved regprocedure;
begin
  for moved in
    select p.oid from pg_catalog.pg_proc as p
    where p.pronamespace = '{schema}'::regnamespace and p.prokind in ('f', 'p')
  loop
    execute format('alter routine %s set search_path = {schema}, public, extensions', moved);
  end loop;
end
$$;"""

type Db = psycopg.Connection[Any]


def moves(db: Db) -> str:
    """Return the SQL, or "" when no name is taken. Reads only."""
    with db.transaction(force_rollback=True):
        # So that each name is printed with its schema.
        db.execute("set local search_path = ''")
        schema, names = _free_schema(db), _names(db)
        found = _rows(db, CLASHES.read_bytes(), {"names": json.dumps(names), "schema": schema})
        lines = [line for place, line in found if place > 0]
        lines += _cron_jobs(db, [line for place, line in found if place == 0])
        lines += _buckets(db, names.get("bucket", []))
        private = _exists(db, "to_regnamespace", "queue_private")
        if private and not _exists(db, "to_regclass", "queue_private.reserved_names"):
            lines.append("alter schema queue_private rename to draft_private;")
    if by_hand("\n".join(lines)):
        return "\n".join(lines)
    head = [HEAD, USAGE] if any(" set search_path = " in line for line in lines) else [HEAD]
    tail = [STAYS] if any(re.match("alter (function|routine) .* set schema", line) for line in lines) else []
    return "\n".join(
        [
            *(each.replace("{schema}", schema) for each in head),
            *lines,
            *(each.replace("{schema}", schema) for each in tail),
        ]
    )


def by_hand(mend: str) -> bool:
    """Whether it has no SQL at all: what is left to do is not done in the database."""
    return all(line.startswith("--") for line in mend.splitlines())


def steps_by_hand(mend: str) -> list[str]:
    """Return what of it a person does, as sentences."""
    steps = [line.removeprefix(BY_HAND) for line in mend.splitlines() if line.startswith(BY_HAND)]
    return [step[0].upper() + step[1:] for step in steps]


def _names(db: Db) -> dict[str, list[str]]:
    """Return the names that the migrations reserve, by kind, without those that are ours in this database."""
    ours = set()
    if _exists(db, "to_regclass", "queue_private.reserved_names"):
        ours = set(_rows(db, b"select kind, name from queue_private.reserved_names"))
    names: dict[str, list[str]] = {}
    for migration in migrations.found_in(paths.PROJECT):
        for text in RESERVING.findall(migration.file.read_text()):
            for kind, wanted in json.loads(text).items():
                names.setdefault(kind, []).extend(name for name in wanted if (kind, name) not in ours)
    return names


def _free_schema(db: Db) -> str:
    candidates = ("draft" if number == 1 else f"draft_{number}" for number in count(1))
    return next(name for name in candidates if not _exists(db, "to_regnamespace", name))


def _cron_jobs(db: Db, known_by: list[str]) -> Iterable[str]:
    """Yield what ends the pg_cron jobs that use what moves."""
    if not _exists(db, "to_regclass", "cron.job"):
        return
    query = b"""
        select jobname, command from cron.job
        where coalesce(jobname, '') not like 'suplatzigram-%%' and command ~* any (%(known_by)s::text[]) order by 1, 2
    """
    for name, command in _rows(db, query, {"known_by": known_by}):
        said = " ".join(command.split())
        column, value = ("jobname", name) if name else ("command", command)
        yield (
            f"-- pg_cron ran: {said[:90]}{'...' if len(said) > 90 else ''}\n"
            f"select cron.unschedule(jobid) from cron.job where {column} = {sql.Literal(value).as_string(db)};"
        )


def _buckets(db: Db, names: list[str]) -> Iterable[str]:
    """Yield what is to be done about buckets: their files lie under their names, which SQL cannot change.

    supabase/rollback/migrations.sql leaves a bucket that has files, and the schema queue_removed.
    """
    if not _exists(db, "to_regclass", "storage.buckets"):
        return
    for (name,) in _rows(db, b"select id from storage.buckets where id = any (%(names)s::text[])", {"names": names}):
        yield BY_HAND + (
            f"an earlier adoption left the bucket {name}: delete it in Storage."
            if _exists(db, "to_regnamespace", "queue_removed")
            else f"in Storage, move the files of the bucket {name} to a bucket of another name, and delete it."
        )


def _exists(db: Db, lookup: LiteralString, name: str) -> bool:
    ((found,),) = _rows(db, f"select {lookup}(%(name)s) is not null".encode(), {"name": name})
    return bool(found)


def _rows(db: Db, query: bytes, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with db.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, values).fetchall()
