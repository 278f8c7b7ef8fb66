"""Change one clause of a function, in the test's own database: what proves that a test would notice."""

import re
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from tests.sql.calls import Db


def definition_of(db: psycopg.Connection[Any], function: str) -> str:
    """Return a function's definition, whichever of our schemas it lies in."""
    query = """
        select pg_get_functiondef(p.oid) from pg_proc as p
        where p.proname = %s and p.pronamespace::regnamespace in ('public', 'queue_private')
    """
    row = psycopg.Cursor(db, row_factory=tuple_row).execute(query, (function,)).fetchone()
    assert row is not None, f"there is no function {function}"
    return str(row[0])


def mutate(db: Db, function: str, clause: str, replacement: str) -> None:
    """Replace what a regular expression matches, exactly once, in a function's definition."""
    definition, replaced = re.subn(clause, replacement, definition_of(db, function), flags=re.DOTALL)
    assert replaced == 1, f"{function} has the clause {clause!r} {replaced} times"
    db.execute(sql.SQL(definition))
