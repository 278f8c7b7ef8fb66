"""Single values out of the database, for tests that wait for them."""

from typing import Any

import psycopg

Db = psycopg.Connection[dict[str, Any]]


def value(db: Db, query: str, *parameters: object) -> Any:
    """Return the one value that a query answers."""
    row = db.execute(query.encode(), parameters or None).fetchone()
    assert row
    return next(iter(row.values()))


def count(db: Db, rows: str) -> int:
    """Count the rows of a table; a condition may follow its name."""
    return int(value(db, f"select count(*) from {rows}"))  # noqa: S608 - the tests' own text
