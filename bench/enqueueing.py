"""What it gains to enqueue a thousand jobs in one call."""

import json
import time

from bench.measuring import Connection, connect, show
from dev.supabase.stack import Stack

JOBS = 1000


def run(stack: Stack) -> None:
    """Print the rates against one call for each job."""
    with connect(stack) as db:
        single = _best_of_three(db, keyed=False, many=False)
        for keyed in (False, True):
            many = _best_of_three(db, keyed=keyed, many=True)
            show(f"enqueue_jobs of {JOBS}{', each with a key' if keyed else ''}", JOBS / many, JOBS / single)
        show("enqueue_job, one call each", JOBS / single, JOBS / single)


def _best_of_three(db: Connection, *, keyed: bool, many: bool) -> float:
    """One call is over in a quarter of a second: the first, and one that the machine disturbs, say little."""
    return min(_seconds(db, f"k{turn}-" if keyed else None, many=many) for turn in range(3))


def _seconds(db: Connection, key: str | None, *, many: bool) -> float:
    started = time.monotonic()
    if many:
        jobs = [
            {"job_type": "send_notification"} | ({"idempotency_key": f"{key}{n}"} if key else {}) for n in range(JOBS)
        ]
        db.execute("select count(*) from enqueue_jobs(%s)", [json.dumps(jobs)])
    else:
        for _ in range(JOBS):
            db.execute("select * from enqueue_job('send_notification')")
    return time.monotonic() - started
