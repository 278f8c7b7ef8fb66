"""What it gains to enqueue a thousand jobs in one call."""

import json
import time

from bench.measuring import Connection, connect, show
from dev.stack import Stack

JOBS = 1000


def run(stack: Stack) -> None:
    """Print the rates against one call for each job."""
    with connect(stack) as db:
        single = _seconds(db, keyed=False, many=False)
        for keyed in (False, True):
            many = _seconds(db, keyed=keyed, many=True)
            show(f"enqueue_jobs of {JOBS}{', each with a key' if keyed else ''}", JOBS / many, JOBS / single)
        show("enqueue_job, one call each", JOBS / single, JOBS / single)


def _seconds(db: Connection, *, keyed: bool, many: bool) -> float:
    started = time.monotonic()
    if many:
        jobs = [
            {"job_type": "send_notification"} | ({"idempotency_key": f"k{n}"} if keyed else {}) for n in range(JOBS)
        ]
        db.execute("select count(*) from enqueue_jobs(%s)", [json.dumps(jobs)])
    else:
        for _ in range(JOBS):
            db.execute("select * from enqueue_job('send_notification')")
    return time.monotonic() - started
