"""Run the checks of supabase/migrations/*_diagnose*.sql on a database that need not have them.

The functions are made in a transaction, which is made read-only before they run, and rolled back: nothing of it stays.
So there is one set of checks, and this code's own, whatever migrations the database has.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import psycopg
from psycopg.rows import class_row

from dev import paths
from dev.doctor import names
from dev.supabase import migrations

Severity = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

# What the checks call.
PARTS = ("oldest_transaction", "counting_triggers", "schema_facts", "expected_schema")
# The migrations begin by refusing when the app has something under a name of theirs.
NAMES = "reserved_names"
# Read of one table at most. queue_diagnostics, which has three seconds, reads fewer.
MAX_ROWS = 5_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. mend: the command or the SQL that mends it."""

    code: str
    severity: Severity
    subject: str
    message: str
    mend: str


def examine(database_url: str, max_rows: int = MAX_ROWS) -> list[Finding]:
    """Return what is wrong, the worst first. Nothing is changed.

    Raises psycopg.Error when the database cannot be examined: it does not answer, or the role may not create functions.
    """
    with psycopg.connect(database_url, row_factory=class_row(Finding), connect_timeout=10) as db:
        try:
            db.execute("set local statement_timeout = '120s'")
            db.execute("set local lock_timeout = '5s'")
            findings = clashes(db)
            db.execute("create schema if not exists queue_private")
            for script in scripts():
                db.execute(script.read_bytes())
            db.execute("set transaction read only")
            findings += db.execute(
                "select * from queue_private.diagnose(queue_private.expected_schema(), %s)", [max_rows]
            )
        finally:
            db.rollback()
    return sorted(findings, key=lambda each: (SEVERITIES.index(each.severity), each.code, each.subject))


def scripts() -> list[Path]:
    """The migrations that make the checks, in their order."""
    return [
        each.file
        for each in migrations.found_in(paths.PROJECT)
        if each.name in PARTS or each.name.startswith("diagnose")
    ]


def clashes(db: psycopg.Connection[Finding]) -> list[Finding]:
    """What would stop the first migration: names that are taken, ids that are no uuid, tables that do not fit."""
    (script,) = (each.file for each in migrations.found_in(paths.PROJECT) if each.name == NAMES)
    try:
        with db.transaction(force_rollback=True):
            db.execute(script.read_bytes())
    except psycopg.errors.DuplicateObject as refusal:
        return [Finding("names_taken", "high", "migrations", _stops(refusal), names.moves(db))]
    except psycopg.errors.DatatypeMismatch as refusal:
        return [Finding("ids_not_uuid", "high", "migrations", _stops(refusal), f"-- {refusal.diag.message_hint}")]
    except psycopg.errors.FeatureNotSupported as refusal:
        return [Finding("table_unfit", "high", "migrations", _stops(refusal), f"-- {refusal.diag.message_hint}")]
    return []


def _stops(refusal: psycopg.Error) -> str:
    return f"{refusal.diag.message_primary}: the migrations refuse to begin"
