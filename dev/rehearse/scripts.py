"""Run SQL files as psql does, without psql: the embedded Postgres has none."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg

from dev.errors import StackError

COPY = re.compile(r"copy .* from stdin;?\s*", re.IGNORECASE)
# What a semicolon may stand in without ending a statement.
QUOTED = r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$).*?\1"""
STATEMENT = re.compile(rf"(?:{QUOTED}|[^;])+", re.DOTALL)
LONGEST = 160


class ScriptError(StackError):
    """A file that Postgres refused. lacks: an extension that is not on this machine, which is why. hint: Postgres's."""

    def __init__(self, file: Path, error: psycopg.Error, line: int | None, statement: str) -> None:
        self.file, self.reason = file, (error.diag.message_primary or str(error)).strip()
        self.hint = error.diag.message_hint
        found = re.search(r'extension "([^"]+)" is not available', self.reason)
        self.lacks = found[1] if found else None
        place = f"{file}:{line}" if line else str(file)
        said = f"\n  in the statement: {statement}" if statement else ""
        super().__init__(f"{place}: {self.reason}{said}")


def run(database: psycopg.Connection, file: Path) -> None:
    """Run a file in one transaction. Raises ScriptError."""
    text = file.read_text(errors="replace")
    try:
        with database.transaction():
            _run(database, text)
    except psycopg.Error as error:
        line, statement = _culprit(database, text, error)
        raise ScriptError(file, error, line, statement) from error


def _run(database: psycopg.Connection, text: str) -> None:
    for statement, rows in parts(text):
        if rows is None:
            database.execute(statement.encode())
        else:
            with database.cursor().copy(statement.encode()) as copy:
                copy.write(rows)


def _culprit(database: psycopg.Connection, text: str, error: psycopg.Error) -> tuple[int | None, str]:
    """Return line and beginning of the statement that failed, by running them one by one; nothing if none fails so."""
    if any(rows is not None for _, rows in parts(text)):
        return None, ""
    place = 0
    with database.transaction(force_rollback=True):
        for match in STATEMENT.finditer(text):
            statement = match[0].strip()
            place = match.start() + len(match[0]) - len(match[0].lstrip())
            try:
                database.execute(statement.encode())
            except psycopg.Error as again:
                if again.sqlstate != error.sqlstate:
                    break
                bare = re.sub(r"^(\s*--[^\n]*\n)+", "", statement)
                place += len(statement) - len(bare)
                said = " ".join(bare.split())
                return text.count("\n", 0, place) + 1, said[:LONGEST] + ("..." if len(said) > LONGEST else "")
    return None, ""


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
