"""What the benchmarks share: a durable stack, threads with a connection each, and how a ratio is printed."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg

from dev.supabase.stack import Stack

type Connection = psycopg.Connection[tuple[Any, ...]]


def connect(stack: Stack) -> Connection:
    """A connection as the database's owner, in autocommit."""
    return psycopg.connect(stack.env()["DATABASE_URL"], autocommit=True)


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
    """Print a rate and its ratio to another."""
    print(f"  {what:<58} {value:>10,.0f}/s  {value / against:>6.2f}", flush=True)
