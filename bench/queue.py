"""Ours and the reference as two of a kind: filled by one statement, drained over one connection in this process."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString

from bench import adapter, by_hand, ours
from bench.lab import Lab
from bench.measuring import Connection

BATCH = 500
FILL_OURS = """insert into public.background_jobs (job_type, payload)
    select 'recompute_rankings', jsonb_build_object('limit', n) from generate_series(1, %s) as n"""
FILL_BY_HAND = """insert into jobs (job_type, payload)
    select 'noop', jsonb_build_object('number', n) from generate_series(1, %s) as n"""


class Queue:
    """`drain` works until nothing is due and returns how many jobs it did."""

    def __init__(self, name: str, db: Connection, fill: LiteralString, drain: Callable[[Connection, int], int]) -> None:
        self.name, self.db = name, db
        self._fill, self._drain = fill, drain

    def fill(self, jobs: int) -> None:
        """Make so many due jobs."""
        self.db.execute(self._fill, [jobs])

    def drain_rate(self, batch: int = BATCH) -> float:
        """Drain, and return the jobs a second."""
        done: list[int] = []
        took = adapter.seconds(lambda: done.append(self._drain(self.db, batch)))
        return done[0] / took

    def rates(self, rounds: int, jobs: int) -> list[float]:
        """Fill and drain it so many times, and return the rate of each."""
        rates = []
        for _ in range(rounds):
            self.fill(jobs)
            rates.append(self.drain_rate())
        return rates


@contextmanager
def our_queue(lab: Lab, database: str) -> Iterator[Queue]:
    """Ours, in a database of its own."""
    with lab.migrated(database) as url, lab.connect(url) as db:
        yield Queue("ours", db, FILL_OURS, ours.drain)


@contextmanager
def both_queues(lab: Lab, our_database: str, reference_database: str) -> Iterator[Sequence[Queue]]:
    """Ours, and the hand-written one."""
    with our_queue(lab, our_database) as ours, lab.empty(reference_database) as url, lab.connect(url) as db:
        by_hand.set_up(db)
        yield ours, Queue("one hand-written statement", db, FILL_BY_HAND, by_hand.drain)
