"""Run SQL files as psql does, without psql: the embedded Postgres has none."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg

from dev.errors import StackError

COPY = re.compile(r"copy .* from stdin;?\s*", re.IGNORECASE)


def run(database: psycopg.Connection, file: Path) -> None:
    """Run a file in one transaction. Raises StackError that names it."""
    try:
        with database.transaction():
            for statement, rows in parts(file.read_text(errors="replace")):
                if rows is None:
                    database.execute(statement.encode())
                else:
                    with database.cursor().copy(statement.encode()) as copy:
                        copy.write(rows)
    except psycopg.Error as error:
        raise StackError(f"{file}: {str(error).strip()}") from error


def parts(text: str) -> Iterator[tuple[str, str | None]]:
    r"""Split a dump at its COPY blocks: (SQL, None) and (COPY, rows). psql's own commands (\restrict) are left out."""
    if not COPY.search(text):
        yield text, None
        return
    sql: list[str] = []
    lines = iter(text.splitlines(keepends=True))
    for line in lines:
        if COPY.fullmatch(line):
            if "".join(sql).strip():
                yield "".join(sql), None
            sql = []
            yield line.rstrip().rstrip(";"), "".join(iter(lambda: next(lines, "\\.\n"), "\\.\n"))
        elif not line.startswith("\\"):
            sql.append(line)
    if "".join(sql).strip():
        yield "".join(sql), None
