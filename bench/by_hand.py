"""The reference as an adapter: one hand-written statement that moves the last batch to history and claims the next.

It has priorities, attempts, due times and results. It has no fence, types, keys, isolation, limits or fair share.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from bench.adapter import calls, database_url, seconds, serve

UNFINISHED = "select exists (select from jobs)"
COMPLETED = "select count(*) from history"

type Connection = psycopg.Connection[tuple[Any, ...]]

# Each result is looked up in one object by the job's id: no plan can turn that into a join of batch by table.
SETTLE_AND_CLAIM = """
with gone as (
  delete from jobs where id = any (%(ids)s::uuid[]) returning *
), moved as (
  insert into history (id, job_type, payload, status, attempts, result, duration_ms, created_at)
  select id, job_type, payload, 'completed', attempts, %(results)s::jsonb -> id::text,
    extract(epoch from now() - started_at) * 1000, created_at
  from gone
)
update jobs set status = 'processing', started_at = now(), attempts = attempts + 1
where ctid = any (array(
  select ctid from jobs
  where status = 'pending' and scheduled_for <= now()
  order by priority desc, scheduled_for
  limit %(batch)s
  for update skip locked
))
returning id, job_type, payload, attempts
"""


def connect() -> Connection:
    """A connection of the kind that every adapter has."""
    return psycopg.connect(database_url(), autocommit=True)


def set_up(db: Connection) -> None:
    """Make the two tables."""
    db.execute((Path(__file__).parent / "by_hand.sql").read_bytes())


def drain(db: Connection, batch: int) -> int:
    """Work until nothing is due. Returns how many jobs."""
    done, ids = 0, list[Any]()
    while True:
        results = json.dumps({str(each): {"ok": True} for each in ids})
        rows = db.execute(SETTLE_AND_CLAIM, {"ids": ids, "results": results, "batch": batch}).fetchall()
        if not rows:
            return done
        done += len(rows)
        ids = [row[0] for row in rows]


def insert_many(db: Connection, jobs: int) -> None:
    """Insert so many jobs, a statement for each call's worth."""
    for numbers in calls(jobs):
        payloads = [json.dumps({"number": number}) for number in numbers]
        db.execute(
            "insert into jobs (job_type, payload) select 'noop', unnest(%s::jsonb[]) returning id", [payloads]
        ).fetchall()


class ByHand:
    """A plain insert for each enqueueing call."""

    def set_up(self) -> None:
        """Make the two tables."""
        with connect() as db:
            set_up(db)

    def enqueue_one(self, jobs: int) -> float:
        """One insert for each job."""

        def enqueue() -> None:
            for number in range(jobs):
                payload = json.dumps({"number": number})
                db.execute(
                    "insert into jobs (job_type, payload) values ('noop', %s) returning id", [payload]
                ).fetchone()

        with connect() as db:
            return seconds(enqueue)

    def enqueue_many(self, jobs: int) -> float:
        """One insert for each BULK jobs."""
        with connect() as db:
            return seconds(lambda: insert_many(db, jobs))

    def work(self, batch: int, wait_for_go: Callable[[], None]) -> None:
        """By the one statement."""
        with connect() as db:
            wait_for_go()
            drain(db, batch)


if __name__ == "__main__":
    serve(ByHand())
