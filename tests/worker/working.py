"""What the worker's tests are made of: job types with handlers of their own, jobs, and what became of them."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.types.json import Jsonb

from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from lib.queue.policy import Policy
from lib.queue.registry import BatchOutcome, JobType, Payload
from lib.queue.worker import Worker

type Db = psycopg.Connection[dict[str, Any]]


class Numbered(Payload):
    """A payload that tells jobs apart."""

    n: int = 0


class ForPost(Payload):
    """The payload of sync_like_count, as its check constraint wants it."""

    post_id: str
    n: int = 0


type Single = Callable[[Numbered, JobContext], Awaitable[Outcome]]
type Batch = Callable[[Sequence[ForPost], JobContext], Awaitable[Sequence[BatchOutcome]]]


class MakeWorker(Protocol):
    """The fixture make_worker: a worker of these types; options are the worker's own fields."""

    def __call__(self, *types: JobType, **options: Any) -> Worker: ...


def single(name: str, handler: Single, timeout_s: float = 2, **policy: Any) -> JobType:
    """Return a type whose handler takes one job."""
    return JobType(name, Numbered, Policy(timeout_s=timeout_s, **policy), handler)


def batch(handler: Batch, size: int = 100, timeout_s: float = 2) -> JobType:
    """Return sync_like_count with a handler that takes many jobs."""
    return JobType("sync_like_count", ForPost, Policy(timeout_s=timeout_s), handler, size)


async def succeed(_request: Numbered, _context: JobContext) -> Outcome:
    """Complete at once."""
    return Completed()


class Clock:
    """The monotonic clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


ADD: LiteralString = """
    insert into public.background_jobs (job_type, payload, priority, max_attempts, isolated, scheduled_for)
    select %(job_type)s::public.job_type, %(payload)s || jsonb_build_object('n', n)
      || case when %(job_type)s = 'sync_like_count'
        then jsonb_build_object('post_id', gen_random_uuid()) else '{}' end,
      %(priority)s, %(max_attempts)s, %(isolated)s, now() - interval '1 minute' + make_interval(secs => n * 0.001)
    from generate_series(%(first)s, %(first)s + %(count)s - 1) as n
    returning id
"""


def add_jobs(db: Db, job_type: str, count: int = 1, **columns: Any) -> list[str]:
    """Add due jobs, numbered in their payload's `n` from `first`, and return their ids in that order."""
    given: dict[str, Any] = {"payload": {}, "priority": 0, "max_attempts": 3, "isolated": False, "first": 0} | columns
    given |= {"job_type": job_type, "count": count, "payload": Jsonb(given["payload"])}
    return [str(row["id"]) for row in db.execute(ADD, given).fetchall()]


def active(db: Db) -> list[dict[str, Any]]:
    """Return the active jobs, in the order of their numbers; `waits_s` is the time until they are due."""
    return db.execute(
        "select *, extract(epoch from scheduled_for - now())::float as waits_s from public.background_jobs"
        " order by (payload ->> 'n')::int, id"
    ).fetchall()


def ended(db: Db) -> list[dict[str, Any]]:
    """Return the ended jobs, in the order of their numbers."""
    return db.execute("select * from public.job_history order by (payload ->> 'n')::int, job_id").fetchall()


def statuses(db: Db) -> Mapping[str, int]:
    """Return how many jobs have each status, active and ended ones."""
    return Counter(row["status"] for row in [*active(db), *ended(db)])


def make_due(db: Db) -> None:
    """Let every waiting job be due, and every lease be over: time passes."""
    db.execute("update public.background_jobs set scheduled_for = now() - interval '1 s' where status = 'pending'")
    db.execute(
        "update public.background_jobs set lease_expires_at = now() - interval '1 s' where status = 'processing'"
    )
