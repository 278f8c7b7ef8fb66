"""Two connections at once: run one in a thread, wait until it is blocked, see who wins."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg

PATIENCE_S = 20.0


@contextmanager
def meanwhile[T](act: Callable[..., T], *arguments: object) -> Iterator[Future[T]]:
    """Run a call in a thread for the length of the block."""
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(act, *arguments)


def wait_until_blocked(
    observer: psycopg.Connection[Any], blocked: psycopg.Connection[Any], unless: Future[Any] | None = None
) -> None:
    """Return once a connection's statement waits for a lock, or a call has ended without waiting."""
    begun = time.monotonic()
    while not _waits_for_a_lock(observer, blocked.info.backend_pid):
        if unless is not None and unless.done():
            return
        assert time.monotonic() - begun < PATIENCE_S, "it never waited"


def _waits_for_a_lock(observer: psycopg.Connection[Any], pid: int) -> bool:
    # pg_sleep only paces the looking.
    query = "select cardinality(pg_blocking_pids(%s)) > 0 as waits from pg_sleep(0.005)"
    row: Any = observer.execute(query, [pid]).fetchone()
    return bool(row["waits"] if isinstance(row, dict) else row[0])


def all_at_once[S, T](act: Callable[[S], T], subjects: Sequence[S]) -> list[T]:
    """Start one call for each subject at the same moment, in threads; return the results in order."""
    start = threading.Barrier(len(subjects))

    def wait_and_act(subject: S) -> T:
        start.wait(PATIENCE_S)
        return act(subject)

    with ThreadPoolExecutor(len(subjects)) as threads:
        return list(threads.map(wait_and_act, subjects))
