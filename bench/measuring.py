"""What the benchmarks share: connections, threads with a connection each, rivals in turn, and how a ratio is shown."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg

from bench.results import Table
from dev.supabase.stack import Stack

type Connection = psycopg.Connection[tuple[Any, ...]]

_shown: ContextVar[list[tuple[str, float, float]] | None] = ContextVar("shown", default=None)


def connect(stack: Stack) -> Connection:
    """A connection as the database's owner, in autocommit."""
    return psycopg.connect(stack.env()["DATABASE_URL"], autocommit=True)


def in_turn[K](rivals: Mapping[K, Callable[[], float]], rounds: int) -> dict[K, float]:
    """Measure each rival once a round, so that what disturbs the machine disturbs them all; return the medians."""
    measured: dict[K, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, measure in rivals.items():
            measured[name].append(measure())
    return {name: statistics.median(values) for name, values in measured.items()}


def milliseconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def rate(stack: Stack, connections: int, seconds: float, once: Callable[[Connection, int], int]) -> float:
    """Call `once(connection, number)`, which returns how much it did, from so many connections for so long.

    Returns what was done in a second.
    """
    done = [0] * connections
    ready = threading.Barrier(connections + 1)

    def work(number: int) -> None:
        with connect(stack) as connection:
            ready.wait()
            ends_at = time.monotonic() + seconds
            while time.monotonic() < ends_at:
                done[number] += once(connection, number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.monotonic()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - started)


def show(what: str, value: float, against: float) -> None:
    """Print a rate and its ratio to another, and note it for `shown_as_table`."""
    print(f"  {what:<58} {value:>10,.0f}/s  {value / against:>6.2f}", flush=True)
    noted = _shown.get()
    if noted is not None:
        noted.append((what, value, against))


@contextmanager
def shown_as_table(title: str) -> Iterator[Callable[[], Table]]:
    """Collect what `show` shows meanwhile; the function that is given makes a table of it."""
    noted: list[tuple[str, float, float]] = []
    token = _shown.set(noted)
    try:
        yield lambda: Table(
            title=title,
            columns=("", "a second", "ratio"),
            rows=tuple((what, f"{value:,.0f}", f"{value / against:.2f}") for what, value, against in noted),
        )
    finally:
        _shown.reset(token)
