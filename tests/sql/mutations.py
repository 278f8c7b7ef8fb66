"""Change one clause of a function, in the test's own database: what proves that a test would notice."""

import re

from psycopg import sql

from tests.sql.calls import Db


def mutate(db: Db, function: str, clause: str, replacement: str) -> None:
    """Replace what a regular expression matches, exactly once, in a function's definition."""
    query = """
        select pg_get_functiondef(coalesce(to_regproc('public.' || %(name)s), to_regproc('queue_private.' || %(name)s)))
          as definition
    """
    (row,) = db.execute(query, {"name": function}).fetchall()
    assert row["definition"], f"there is no function {function}"
    definition, replaced = re.subn(clause, replacement, row["definition"], flags=re.DOTALL)
    assert replaced == 1, f"{function} has the clause {clause!r} {replaced} times"
    db.execute(sql.SQL(definition))
