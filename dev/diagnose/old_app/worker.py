"""The first draft's worker. Wrong on purpose.

python -m dev.diagnose.old_app.worker DATABASE_URL BATCH
"""

import os
import sys
import time
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

type Job = dict[str, Any]


def sync_like_count(job: Job) -> str:
    """Read the payload by the name that the handler's author expected."""
    return str(job["payload"]["post_id"])


def handle(job: Job) -> str:
    """Do a job. `die` stands for what kills a process: too much memory, a crash in native code, the platform."""
    match job["job_type"]:
        case "sync_like_count":
            return sync_like_count(job)
        case "fail":
            raise ValueError("the image cannot be decoded")
        case "die":
            os._exit(9)
        case "hang":
            print("claimed", flush=True)
            time.sleep(600)
        case _:
            pass
    return "done"


def work(database_url: str, batch: int) -> None:
    """Claim a batch, do it, report it, until nothing is left. The first error ends everything."""
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as db:
        while jobs := db.execute("select * from claim_jobs(%s)", [batch]).fetchall():
            results = [(job["id"], handle(job)) for job in jobs]
            for job_id, result in results:
                db.execute("select complete_job(%s, %s)", [job_id, Jsonb(result)])


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))
