"""The way back: whether a database is what it was, in its schema and in the app's rows."""

import re
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from dev.check.schema import describe
from dev.rehearse.changes import existing

# Whether the next `supabase db push` finds what it found before.
HISTORY = "supabase_migrations.schema_migrations"
DIGEST = "select count(*), coalesce(sum(hashtextextended((each.*)::text, 0)), 0) from {} as each"


@dataclass(frozen=True, slots=True)
class State:
    """What a database consists of, and digests of the rows: the app's, and Supabase's list of migrations."""

    facts: set[str]
    rows: dict[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Remains:
    """How two states differ. tables: those whose rows do."""

    lacking: list[str]
    left: list[str]
    tables: list[str]

    def __bool__(self) -> bool:
        return bool(self.lacking or self.left or self.tables)


def state(url: str) -> State:
    """Look at a database."""
    with psycopg.connect(url) as database:
        rows = {}
        for table in [*existing(database), HISTORY]:
            query = sql.SQL(DIGEST).format(sql.Identifier(*table.split(".")))
            rows[table] = database.execute(query).fetchall()[0]
    return State(facts(url), rows)


def compare(before: State, after: State, made: list[str]) -> Remains:
    """Say what differs. made: tables that the migrations made for the app, which stay."""
    stays = re.compile(rf"\b({'|'.join(made)})(_\w+)?\b") if made else None
    changed = {fact for fact in before.facts ^ after.facts if stays is None or not stays.search(fact)}
    return Remains(
        lacking=sorted(changed & before.facts),
        left=sorted(changed & after.facts),
        tables=[name for name, rows in before.rows.items() if after.rows.get(name) != rows],
    )


def facts(url: str) -> set[str]:
    """Return what the database consists of, without what a rollback keeps. Privileges in one order."""
    found = {re.sub(r"\{([^{}]*=[^{}]*)\}", _in_order, fact) for fact in describe(url) if "queue_removed" not in fact}
    found = {re.sub(r"access (\{\})?$", "access", fact) for fact in found}
    # Numbers that a sequence has handed out stay so.
    return {re.sub(r",\d*\)$", ")", fact) if fact.startswith("sequence") else fact for fact in found}


def _in_order(privileges: re.Match[str]) -> str:
    return "{" + ",".join(sorted(privileges[1].split(","))) + "}"
