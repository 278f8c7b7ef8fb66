"""Invocations of the worker as measurements: a queue that is filled, a function that is up, one tick, its report."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.functions import request, served
from bench.measuring import Connection
from bench.worker import ContestantError

ROUTE = "/api/queue/process"
EMPTY = "truncate public.background_jobs, public.job_history"
DUE = "update public.background_jobs set scheduled_for = now() where scheduled_for > now()"
VACUUM = "vacuum (analyze) public.background_jobs, public.posts_new, public.post_ratings"

type Report = dict[str, Any]


def refill(db: Connection, statement: str, arguments: list[object]) -> None:
    """Empty the queue, let the statement fill it, and make all of it due."""
    db.execute(EMPTY)
    db.execute(statement, arguments)
    db.execute(DUE)
    db.execute(VACUUM)


def tick(project: Path, env: Mapping[str, str], *, jobs: int | None = None, at_once: int = 1) -> list[Report]:
    """Run so many invocations at once in a function that is up, and return their reports.

    Raises:
        ContestantError: one did not answer 200, or other than `jobs` jobs completed.
    """
    with served(project, env) as functions, ThreadPoolExecutor(at_once) as pool:
        request(functions, "GET", ROUTE)  # refused for want of the secret, but the function is up
        replies = list(pool.map(lambda _: functions.cron_tick()[0], range(at_once)))
    reports: list[Report] = [reply.json() for reply in replies]
    failed = [reply.status for reply in replies if reply.status != 200]
    if failed or (jobs is not None and sum(report["completed"] for report in reports) != jobs):
        raise ContestantError(f"the worker answered {failed or 200}: {str(reports)[:500]}")
    return reports
