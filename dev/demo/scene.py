"""What the chapters of the demo share: the running system, and how they say what they saw."""

import time
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dev.supabase import Stack
from dev.vercel import Functions


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true at the end of the demo."""

    promise: str
    kept: bool
    seen: str


@dataclass(slots=True)
class Scene:
    """The stack, the functions on it, a connection for looking, and what has been checked so far."""

    stack: Stack
    functions: Functions
    db: psycopg.Connection[dict[str, Any]]
    checks: list[Check] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def open(cls, stack: Stack, functions: Functions) -> "Scene":
        """Connect to the stack's database, to look at rows as they are."""
        db = psycopg.connect(stack.env()["DATABASE_URL"], autocommit=True, row_factory=dict_row)
        return cls(stack, functions, db)

    def say(self, text: str) -> None:
        """Print a line of progress, with the seconds since the start."""
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", flush=True)

    def check(self, promise: str, kept: bool, seen: str) -> None:
        """Note a check; a broken one makes the demo fail at its end."""
        self.checks.append(Check(promise, kept, seen))
        self.say(f"{'ok    ' if kept else 'BROKEN'} {promise}: {seen}")

    def count(self, query: str) -> int:
        """Run a query that counts."""
        row = self.db.execute(query.encode()).fetchone()
        return int(next(iter(row.values()))) if row else 0


def table(rows: list[dict[str, Any]]) -> str:
    """Rows of equal keys as aligned columns, numbers to the right."""
    if not rows:
        return "  (nothing)"
    names = list(rows[0])
    cells = [["-" if row[name] is None else str(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
    numeric = [all(isinstance(row[name], int | float | None) for row in rows) for name in names]

    def line(values: list[str]) -> str:
        parts = [v.rjust(w) if right else v.ljust(w) for v, w, right in zip(values, widths, numeric, strict=True)]
        return "  " + "  ".join(parts).rstrip()

    return "\n".join([line(names), line(["-" * width for width in widths]), *(line(each) for each in cells)])
