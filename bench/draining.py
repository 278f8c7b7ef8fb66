"""How fast settle_and_claim goes through the queue, by batch size and connections, and with old statistics."""

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Literal

from bench.measuring import Connection, connect, show
from dev.supabase.stack import Stack

JOBS = {1: 1_500, 10: 8_000, 100: 20_000, 500: 20_000}
CONNECTIONS = (1, 2)


def run(stack: Stack) -> None:
    """Print the rates against one connection with batches of one, then what an empty queue's statistics cost."""
    with connect(stack) as db:
        against = 0.0
        for connections in CONNECTIONS:
            for batch, jobs in JOBS.items():
                _fill(db, jobs)
                value = jobs / _seconds(stack, connections, partial(_drain, batch=batch))
                against = against or value
                show(f"batches of {batch}, {connections} connection{'s' * (connections > 1)}", value, against)
        _fill(db, JOBS[100], analyzed="full")
        full = JOBS[100] / _seconds(stack, 1, partial(_drain, batch=100))
        _fill(db, JOBS[100], analyzed="empty")
        empty = JOBS[100] / _seconds(stack, 1, partial(_drain, batch=100))
    show("batches of 100, statistics of the full queue", full, full)
    show("batches of 100, statistics of an empty queue", empty, full)


def _fill(db: Connection, jobs: int, analyzed: Literal["full", "empty"] | None = None) -> None:
    """Make the queue hold so many due jobs, with statistics taken before or after that, or as they come."""
    db.execute("truncate background_jobs, job_history")
    if analyzed == "empty":
        db.execute("analyze background_jobs, job_history")
    db.execute("insert into background_jobs (job_type) select 'send_notification' from generate_series(1, %s)", [jobs])
    if analyzed == "full":
        db.execute("analyze background_jobs, job_history")


def _seconds(stack: Stack, connections: int, drain: Callable[[Connection], None]) -> float:
    """How long it takes until each of so many connections finds nothing more to do."""
    ready = threading.Barrier(connections + 1)

    def work() -> None:
        with connect(stack) as connection:
            ready.wait()
            drain(connection)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.monotonic()
    for thread in threads:
        thread.join()
    return time.monotonic() - started


def _drain(db: Connection, batch: int) -> None:
    outcomes = "[]"
    while True:
        row = db.execute("select settle_and_claim('bench', %s, %s)", [outcomes, batch]).fetchone()
        claimed = row[0]["claimed"] if row else []
        if not claimed:
            return
        outcomes = json.dumps(
            [{"id": job["id"], "claim_token": job["claim_token"], "outcome": "completed"} for job in claimed]
        )
