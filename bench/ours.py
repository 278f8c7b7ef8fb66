"""Our queue as an adapter: its functions, called as service_role, as PostgREST calls them."""

import json
from collections.abc import Callable
from typing import Any

import psycopg

from bench.adapter import calls, database_url, seconds, serve

# Payloads of one number: the others' are {"number": 1}.
JOB_TYPE = "recompute_rankings"
UNFINISHED = "select exists (select from public.background_jobs)"
COMPLETED = "select count(*) from public.job_history where status = 'completed'"

type Connection = psycopg.Connection[tuple[Any, ...]]


def connect() -> Connection:
    """A connection in the role of the functions."""
    db = psycopg.connect(database_url(), autocommit=True)
    db.execute("set role service_role")
    return db


def drain(db: Connection, batch: int) -> int:
    """Settle each batch with the call that claims the next, until nothing is due. Returns how many jobs."""
    done, outcomes = 0, "[]"
    while True:
        row = db.execute(
            "select public.settle_and_claim('bench', %s, %s, %s::public.job_type[])", [outcomes, batch, [JOB_TYPE]]
        ).fetchone()
        claimed = row[0]["claimed"] if row else []
        if not claimed:
            return done
        done += len(claimed)
        outcomes = json.dumps(
            [
                {
                    "id": job["id"],
                    "claim_token": job["claim_token"],
                    "outcome": "completed",
                    "result": {"ok": True},
                }
                for job in claimed
            ]
        )


class Ours:
    """Its database is migrated before it gets here."""

    def set_up(self) -> None:
        """Nothing is left to do."""

    def enqueue_one(self, jobs: int) -> float:
        """By enqueue_job."""

        def enqueue() -> None:
            for number in range(jobs):
                db.execute(
                    "select * from public.enqueue_job(job_type => %s, payload => %s)",
                    [JOB_TYPE, json.dumps({"limit": number})],
                ).fetchone()

        with connect() as db:
            return seconds(enqueue)

    def enqueue_many(self, jobs: int) -> float:
        """By enqueue_jobs."""

        def enqueue() -> None:
            for numbers in calls(jobs):
                new = [{"job_type": JOB_TYPE, "payload": {"limit": number}} for number in numbers]
                db.execute("select * from public.enqueue_jobs(%s)", [json.dumps(new)]).fetchall()

        with connect() as db:
            return seconds(enqueue)

    def work(self, batch: int, wait_for_go: Callable[[], None]) -> None:
        """By settle_and_claim."""
        with connect() as db:
            wait_for_go()
            drain(db, batch)


if __name__ == "__main__":
    serve(Ours())
