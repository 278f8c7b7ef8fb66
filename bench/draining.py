"""How fast settle_and_claim goes through the queue, by batch size and connections, and with old statistics."""

import json
import time

from bench.measuring import Connection, connect, show
from dev.stack import Stack

JOBS = {1: 1_500, 10: 8_000, 100: 20_000, 500: 20_000}


def run(stack: Stack) -> None:
    """Print the rates against batches of one, then the rate with an empty queue's statistics against a full one's."""
    with connect(stack) as db:
        rates = {batch: _drain(db, jobs, batch) for batch, jobs in JOBS.items()}
        for batch, value in rates.items():
            show(f"jobs in batches of {batch}", value, rates[1])
        fresh = _drain(db, JOBS[100], 100, analyze="full")
        stale = _drain(db, JOBS[100], 100, analyze="empty")
    show("batches of 100, statistics of the full queue", fresh, fresh)
    show("batches of 100, statistics of an empty queue", stale, fresh)


def _drain(db: Connection, jobs: int, batch: int, analyze: str | None = None) -> float:
    db.execute("truncate background_jobs, job_history")
    if analyze == "empty":
        db.execute("analyze background_jobs, job_history")
    db.execute("insert into background_jobs (job_type) select 'send_notification' from generate_series(1, %s)", [jobs])
    if analyze == "full":
        db.execute("analyze background_jobs, job_history")
    outcomes = "[]"
    started = time.monotonic()
    while True:
        row = db.execute("select settle_and_claim('bench', %s, %s)", [outcomes, batch]).fetchone()
        claimed = row[0]["claimed"] if row else []
        if not claimed:
            return jobs / (time.monotonic() - started)
        outcomes = json.dumps(
            [{"id": job["id"], "claim_token": job["claim_token"], "outcome": "completed"} for job in claimed]
        )
