"""A queue that is measured: its program, run in processes of their own, and how to see from outside what is done."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import psycopg

from bench import by_hand, ours
from bench.worker import ContestantError, Worker

ROOT = Path(__file__).resolve().parents[1]
POLL_S = 0.005
DRAIN_S = 300.0


@dataclass(frozen=True)
class Contestant:
    """One queue. `share` of the jobs are enough for a slow one; `migrated` is what only ours needs."""

    name: str
    command: tuple[str, ...]
    unfinished: LiteralString
    """Whether anything is left to do."""
    completed: LiteralString | None
    """How many jobs ended well; None for a queue that keeps no history."""
    env: Mapping[str, str] = field(default_factory=dict)
    migrated: bool = False
    share: float = 1.0

    def call(self, url: str, verb: str, number: int | None = None) -> str:
        """Run its program for one verb and return what it printed last."""
        command = [*self.command, verb, *([str(number)] if number is not None else [])]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment(url), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ContestantError(f"{self.name}, {verb}: {done.stderr[-2000:].strip()}")
        return (done.stdout.strip().splitlines() or [""])[-1]

    def drain(self, url: str, jobs: int, connections: int, batch: int) -> float:
        """Have so many workers, each a process with a connection, empty the queue. Returns the seconds, as another
        connection sees them: from the word "go" until nothing is left, and committed."""
        with ExitStack() as exits, psycopg.connect(url, autocommit=True) as watcher:
            command, env = [*self.command, "work", str(batch)], self._environment(url)
            workers = [exits.enter_context(Worker(self.name, command, ROOT, env)) for _ in range(connections)]
            for worker in workers:
                worker.wait_until_ready()
            before = self._count_completed(watcher)
            started = time.monotonic()
            for worker in workers:
                worker.go()
            while self._is_unfinished(watcher):
                for worker in workers:
                    worker.check()
                if time.monotonic() - started > DRAIN_S:
                    raise ContestantError(f"{self.name}: not drained within {DRAIN_S:g} s")
                time.sleep(POLL_S)
            took = time.monotonic() - started
            done = self._count_completed(watcher) - before
            if self.completed is not None and done != jobs:
                raise ContestantError(f"{self.name}: {done} of {jobs} jobs completed")
            return took

    def _environment(self, url: str) -> dict[str, str]:
        return {**os.environ, **self.env, "DATABASE_URL": url}

    def _is_unfinished(self, db: psycopg.Connection[tuple[bool]]) -> bool:
        row = db.execute(self.unfinished).fetchone()
        return bool(row and row[0])

    def _count_completed(self, db: psycopg.Connection[tuple[int]]) -> int:
        row = db.execute(self.completed).fetchone() if self.completed else None
        return row[0] if row else 0


OURS = Contestant("ours", (sys.executable, "-m", "bench.ours"), ours.UNFINISHED, ours.COMPLETED, migrated=True)
BY_HAND = Contestant(
    "one hand-written statement", (sys.executable, "-m", "bench.by_hand"), by_hand.UNFINISHED, by_hand.COMPLETED
)
