"""The queue's functions, called as the API calls them, and the rows they leave."""

from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

type Row = dict[str, Any]
type Db = psycopg.Connection[Row]


def rpc(db: Db, function: str, **arguments: Any) -> list[Row]:
    """Call a function by the names of its arguments; a dict becomes jsonb."""
    named = [sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in arguments]
    values = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in arguments.items()}
    query = sql.SQL("select * from public.{}({})").format(sql.Identifier(function), sql.SQL(", ").join(named))
    return db.execute(query, values).fetchall()


def value(db: Db, function: str, **arguments: Any) -> Any:
    """Call a function that returns one value."""
    (row,) = rpc(db, function, **arguments)
    (only,) = row.values()
    return only


def enqueue(db: Db, job_type: str = "send_notification", **arguments: Any) -> UUID:
    """Enqueue one job and return its id. Priority 0 and 3 attempts unless given, whatever the type's policy is."""
    (row,) = rpc(db, "enqueue_job", job_type=job_type, **({"priority": 0, "max_attempts": 3} | arguments))
    return UUID(str(row["id"]))


def enqueue_many(db: Db, jobs: list[Row]) -> list[Row]:
    """Call enqueue_jobs."""
    return rpc(db, "enqueue_jobs", jobs=Jsonb(jobs))


def claim(db: Db, max_jobs: int = 100, *, worker_id: str = "worker", **arguments: Any) -> list[Row]:
    """Call claim_jobs."""
    return rpc(db, "claim_jobs", worker_id=worker_id, max_jobs=max_jobs, **arguments)


def claim_one(db: Db, **arguments: Any) -> Row:
    """Claim the one job that is due."""
    (job,) = claim(db, **arguments)
    return job


def claim_isolated(db: Db, *, worker_id: str = "worker", **arguments: Any) -> list[Row]:
    """Call claim_isolated_job."""
    return rpc(db, "claim_isolated_job", worker_id=worker_id, **arguments)


def outcome(job: Row, kind: str = "completed", **options: Any) -> Row:
    """Return one element of settle_jobs' array, for a claimed job."""
    return {"id": str(job["id"]), "claim_token": str(job["claim_token"]), "outcome": kind, **options}


def settle(db: Db, *outcomes: Row) -> list[str]:
    """Call settle_jobs and return the answers."""
    rows = rpc(db, "settle_jobs", worker_id="worker", outcomes=Jsonb(outcomes))
    return [row["answer"] for row in rows]


def rescue(db: Db, max_jobs: int = 100) -> tuple[int, int]:
    """Call rescue_expired_jobs and return (requeued, dead)."""
    (row,) = rpc(db, "rescue_expired_jobs", max_jobs=max_jobs)
    return row["requeued"], row["dead"]


def active(db: Db, job_id: object) -> Row | None:
    """Return a job's row in background_jobs."""
    return db.execute("select * from public.background_jobs where id = %s", [job_id]).fetchone()


def ended(db: Db, job_id: object) -> Row | None:
    """Return a job's row in job_history."""
    return db.execute("select * from public.job_history where job_id = %s", [job_id]).fetchone()


def pending(db: Db, job_id: object) -> Row:
    """Return the row of a job that must be pending."""
    row = active(db, job_id)
    assert row is not None
    assert row["status"] == "pending"
    return row


def history(db: Db, job_id: object) -> Row:
    """Return the row of a job that must have ended."""
    assert active(db, job_id) is None
    row = ended(db, job_id)
    assert row is not None
    return row


def count(db: Db, table: str = "background_jobs") -> int:
    """Return how many rows a table has."""
    row = db.execute(sql.SQL("select count(*) as rows from public.{}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row["rows"])


def wait_s(db: Db, job_id: object) -> float:
    """Return how long a job was told to wait, from its last transition on."""
    row = pending(db, job_id)
    return float((row["scheduled_for"] - row["updated_at"]).total_seconds())
