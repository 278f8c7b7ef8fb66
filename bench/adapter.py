"""What a queue must do to be measured, and how its program is asked for it.

Each queue is a module that runs as a program of its own, `python -m MODULE VERB [NUMBER]`, with DATABASE_URL in
its environment: a peer's client has other requirements than ours, and two workers share no interpreter. A worker
says "ready", starts at "go", and may go on until its standard input ends.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol

BULK = 1_000  # jobs in one call, for every queue
BATCH = 500  # jobs in one claim, unless said otherwise


class Adapter(Protocol):
    """One queue's own way of doing the same things. Enqueueing returns the seconds that it took, without connecting."""

    def set_up(self) -> None:
        """Make the empty database hold the queue."""

    def enqueue_one(self, jobs: int) -> float:
        """Enqueue so many jobs, one call each."""

    def enqueue_many(self, jobs: int) -> float:
        """Enqueue so many jobs, BULK in a call."""

    def work(self, batch: int, wait_for_go: Callable[[], None]) -> None:
        """Connect, wait, then work the queue until it is empty or standard input ends."""


def serve(adapter: Adapter) -> None:
    """Do what the command line says, and print the seconds of an enqueueing as the last line."""
    verb, *rest = sys.argv[1:]
    number = int(rest[0]) if rest else 0
    match verb:
        case "set-up":
            adapter.set_up()
        case "enqueue-one":
            print(json.dumps(adapter.enqueue_one(number)))
        case "enqueue-many":
            print(json.dumps(adapter.enqueue_many(number)))
        case "work":
            adapter.work(number or BATCH, _wait_for_go)
        case _:
            sys.exit(f"there is no verb {verb}")


def database_url() -> str:
    """The database that this program was given."""
    return os.environ["DATABASE_URL"]


def calls(jobs: int) -> Iterator[range]:
    """Split jobs into calls of at most BULK."""
    for start in range(0, jobs, BULK):
        yield range(start, min(jobs, start + BULK))


def seconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _wait_for_go() -> None:
    print("ready", flush=True)
    sys.stdin.readline()
