"""What an adoption changed, read from what the migrations note, and told in a few lines."""

import re
from collections.abc import Iterable
from typing import Any, LiteralString

import psycopg
from rich.console import Console

from dev.doctor.examination import Finding

type Line = tuple[Any, ...]

REPAIRED: LiteralString = """
    select table_name, reason, count(*) from queue_private.repaired_rows group by 1, 2 order by 1, 2
"""
LIKES: LiteralString = """
    select count(*), count(*) filter (where likes > ratings),
      coalesce(sum(likes - ratings) filter (where likes > ratings), 0)
    from queue_private.old_likes
"""
CHANGES: LiteralString = """
    select added, kind, table_name, make from queue_private.app_changes
    where kind <> 'trigger state' order by added, place desc, make
"""
TRIGGERS: LiteralString = "select trigger_name, function_name from queue_private.disabled_triggers order by 1"
MODE: LiteralString = "select mode from queue_private.like_writes"


def show_changes(console: Console, database: psycopg.Connection) -> None:
    """Print what became of the app's rows, counts, triggers, and of the schema of its tables."""
    console.print("\n[bold]What changed[/bold]")
    for table, reason, count in _lines(database, REPAIRED):
        _say(console, f"  {count} rows of {table} moved to queue_private.repaired_rows: {reason}")
    ((changed, higher, lost),) = _lines(database, LIKES)
    console.print(f"  {changed} like counts were not the number of their ratings, and are now")
    if higher:
        _say(
            console,
            f"  {higher} of them were higher, by {lost} likes: supabase/optional/keep_old_likes.sql keeps those",
        )
    for trigger, function in _lines(database, TRIGGERS):
        console.print(f"  the trigger {trigger} ({function}), which counted likes, is switched off")
    ((mode,),) = _lines(database, MODE)
    console.print(f"  what clients write to likes is {'ignored and counted' if mode == 'transitional' else 'refused'}")
    changes = _lines(database, CHANGES)
    for added, kind, table, make in changes:
        if kind != "grant":
            _say(console, f"  {'+' if added else '-'} {kind} of {table}: {' '.join(make.split())}")
    for (added, table, client), privileges in sorted(_grants(changes).items()):
        _say(console, f"  {'+' if added else '-'} {client} on {table}: {', '.join(sorted(privileges))}")


def _grants(changes: Iterable[Line]) -> dict[tuple[bool, str, str], list[str]]:
    """Return the privileges that came and went, by table and by whom: one statement each would be a hundred lines."""
    found: dict[tuple[bool, str, str], list[str]] = {}
    for added, kind, table, make in changes:
        if kind == "grant" and (said := re.fullmatch(r"grant (.*) on table \S+ to (.*)", make)):
            found.setdefault((added, table, said[2]), []).append(said[1])
    return found


def show_findings(console: Console, title: str, findings: Iterable[Finding]) -> None:
    """Print findings, one on a line."""
    console.print(f"\n[bold]{title}[/bold]")
    found = list(findings)
    for finding in found:
        _say(console, f"  {finding.severity:8} {finding.subject}: {finding.message}")
    if not found:
        console.print("  nothing")


def _say(console: Console, line: str) -> None:
    """Print a line that has brackets of its own, and is not wrapped."""
    console.print(line, markup=False, soft_wrap=True)


def _lines(database: psycopg.Connection, query: LiteralString) -> list[Line]:
    return database.execute(query).fetchall()
