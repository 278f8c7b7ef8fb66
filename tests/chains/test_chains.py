"""Runs that start one another, under Vercel's runtime: all the work is done, once, and there is an end to it."""

import json
from typing import Any

import httpx
import psycopg
import pytest

from dev.process import ports
from dev.vercel import Functions
from lib.queue.handover import MAX_HOPS
from tests.chains.conftest import BUDGET_MS, Serve
from tests.sql.bulk import pending_jobs, worker_run
from tests.stack.rows import count
from tests.stack.watching import wait_until

type Db = psycopg.Connection[dict[str, Any]]
UNDER_WAY = "public.worker_runs where finished_at is null"


@pytest.fixture(autouse=True)
def without_schedules(db: Db) -> None:
    """Their slots would add jobs now and then; and let the types take any payload."""
    db.execute("update public.job_schedules set enabled = false")


def tick(functions: Functions) -> dict[str, Any]:
    """One call of the cron, which must be answered."""
    (reply,) = functions.cron_tick()
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.json()
    return body


def runs(db: Db) -> list[dict[str, Any]]:
    """The ledger, without the runs that the limit refused."""
    return db.execute("select * from public.worker_runs where stop_reason <> 'limit' order by id").fetchall()


def wait_for_the_end_of_the_chain(functions: Functions, db: Db) -> None:
    """Wait until its last run has been answered, which is after it would have started another one."""
    wait_until(lambda: count(db, f"public.worker_runs where hops = {MAX_HOPS}"), 60)
    wait_until(lambda: functions.log_text().count('"event": "request.served"') == count(db, "public.worker_runs"))


def most_at_once(ledger: list[dict[str, Any]]) -> int:
    """How many runs were under way at a time."""
    at_each_start = [
        [each["started_at"] <= run["started_at"] < each["finished_at"] for each in ledger].count(True) for run in ledger
    ]
    return max(at_each_start)


def test_one_tick_drains_what_takes_several_runs(served: Serve, db: Db) -> None:
    """Successors go on where a run ended, and each job runs once. 30 jobs of 0.1 s, 7 fit into a budget."""
    pending_jobs(db, 30)
    assert tick(served())["stopReason"] == "budget"
    wait_until(lambda: count(db, "public.job_history") == 30, 60)
    wait_until(lambda: not count(db, UNDER_WAY))
    ledger = runs(db)
    assert [run["trigger"] for run in ledger] == ["cron"] + ["handover"] * (len(ledger) - 1)
    assert [run["hops"] for run in ledger] == list(range(len(ledger)))
    assert [run["started_by"] for run in ledger] == [None, *(run["id"] for run in ledger[:-1])]
    assert [run["stop_reason"] for run in ledger] == ["budget"] * (len(ledger) - 1) + ["empty"]
    assert sum(run["counts"]["completed"] for run in ledger) == 30
    assert db.execute("select distinct attempts, status::text from public.job_history").fetchall() == [
        {"attempts": 1, "status": "completed"}
    ]


@pytest.mark.parametrize("job_type", ["process_image", "generate_thumbnail"])
def test_a_queue_that_never_empties_does_not_run_for_ever(served: Serve, db: Db, job_type: str) -> None:
    """Jobs that are due again at once, and jobs that enqueue one another: one tick is worth one chain."""
    pending_jobs(db, 3, job_type)
    functions = served(WORKER_BUDGET_MS="700")
    tick(functions)
    wait_for_the_end_of_the_chain(functions, db)
    functions.stop()
    assert [run["hops"] for run in runs(db)] == list(range(MAX_HOPS + 1))
    assert count(db, "public.background_jobs where status = 'pending'") == 3


def test_siblings_share_a_deep_backlog_up_to_the_limit(served: Serve, db: Db) -> None:
    """Each run wakes five, and never are more than three under way; nothing runs twice; and it ends."""
    pending_jobs(db, 3, "process_image")
    pending_jobs(db, 60)
    functions = served(WORKER_MAX_RUNS="3", WORKER_FANOUT="5")
    tick(functions)
    wait_for_the_end_of_the_chain(functions, db)
    functions.stop()
    ledger = runs(db)
    assert "fanout" in {run["trigger"] for run in ledger}
    assert most_at_once(ledger) == 3
    assert len(ledger) <= 3 * (MAX_HOPS + 1)
    assert count(db, "public.job_history where status = 'completed' and attempts = 1") == 60
    assert sum(run["counts"]["stale"] for run in ledger) == 0


def test_without_a_limit_no_run_starts_another(served: Serve, db: Db) -> None:
    """WORKER_MAX_RUNS=0 leaves everything to the cron, siblings too."""
    pending_jobs(db, 30)
    functions = served(WORKER_MAX_RUNS="0", WORKER_FANOUT="5")
    assert tick(functions)["stopReason"] == "budget"
    functions.stop()
    assert len(runs(db)) == 1
    assert "run.started" in functions.log_text()
    assert "run.started_" not in functions.log_text()


def test_a_call_that_fails_loses_nothing(served: Serve, db: Db) -> None:
    """The run is answered all the same, the log says why, and the next ticks go on."""
    pending_jobs(db, 12)
    functions = served(WORKER_URL=f"http://127.0.0.1:{ports.free()}")
    assert tick(functions)["stopReason"] == "budget"
    wait_until(lambda: "run.started_no_other" in functions.log_text())
    lines = [json.loads(line) for line in functions.log_text().splitlines() if "run.started_no_other" in line]
    assert [(line["trigger"], line["reason"]) for line in lines] == [("handover", "ConnectError")]
    for _ in range(5):
        tick(functions)
    assert count(db, "public.job_history where status = 'completed' and attempts = 1") == 12
    assert {run["trigger"] for run in runs(db)} == {"cron"}


def test_a_successor_over_the_limit_says_so(served: Serve, db: Db) -> None:
    """With stopReason limit, and without having touched a job. A tick works whatever the limit says."""
    pending_jobs(db, 1)
    for _ in range(4):
        worker_run(db, ago_s=0, lasted_s=None)
    functions = served(WORKER_MAX_RUNS="4")
    url, secret = f"{functions.url}/api/queue/process", functions.env["CRON_SECRET"]
    ask = {"trigger": "handover", "startedBy": "1000000"}
    body = httpx.get(url, params=ask, headers={"authorization": f"Bearer {secret}"}, timeout=30).json()
    assert (body["stopReason"], body["processed"], body["claimed"]) == ("limit", 0, 0)
    assert body["durationMs"] < BUDGET_MS
    assert tick(functions)["completed"] == 1
