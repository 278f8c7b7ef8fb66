"""Jobs whose lease ran out once run alone, last, and in time that is kept back for them."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from lib.queue.registry import BatchOutcome
from lib.queue.worker import Trigger
from tests.worker.working import (
    Db,
    ForPost,
    MakeWorker,
    Numbered,
    active,
    add_jobs,
    batch,
    ended,
    make_due,
    single,
    statuses,
    succeed,
)

ROOT = Path(__file__).resolve().parents[2]


async def test_isolated_jobs_run_alone_and_last(db: Db, make_worker: MakeWorker) -> None:
    """One after another, with nothing else in flight: the next kill shows who is to blame."""
    add_jobs(db, "send_notification", 3, isolated=True)
    add_jobs(db, "send_notification", 12, first=3)
    running: set[int] = set()
    order: list[int] = []
    company: dict[int, set[int]] = {}

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        running.add(request.n)
        await asyncio.sleep(0.1)
        company[request.n] = set(running)
        running.discard(request.n)
        order.append(request.n)
        return Completed()

    report = await make_worker(single("send_notification", work)).run()
    assert [company[n] for n in range(3)] == [{0}, {1}, {2}]
    assert order[-3:] == [0, 1, 2]
    assert report.endings == {"completed": 15}


async def test_isolated_jobs_of_a_batch_type_run_alone_too(db: Db, make_worker: MakeWorker) -> None:
    """In batches of one."""
    add_jobs(db, "sync_like_count", 3, isolated=True)
    sizes: list[int] = []

    async def work(requests: Sequence[ForPost], _context: JobContext) -> Sequence[BatchOutcome]:
        sizes.append(len(requests))
        return [Completed() for _ in requests]

    await make_worker(batch(work)).run()
    assert sizes == [1, 1, 1]


@pytest.mark.parametrize("trigger", ["handover", "fanout"])
async def test_runs_that_others_started_leave_them_alone(db: Db, make_worker: MakeWorker, trigger: Trigger) -> None:
    """Such runs overlap in one process, and one that is killed by its job would take an innocent one along."""
    add_jobs(db, "send_notification", 3, isolated=True)
    add_jobs(db, "send_notification", 5, first=3)
    report = await make_worker(single("send_notification", succeed), trigger=trigger).run()
    assert report.endings == {"completed": 5}
    assert [row["payload"]["n"] for row in active(db)] == [0, 1, 2]
    assert (await make_worker(single("send_notification", succeed), trigger="cron").run()).endings == {"completed": 3}


async def test_they_have_time_of_their_own(db: Db, make_worker: MakeWorker) -> None:
    """A queue that never empties does not starve them: the drain ends 2 s before the budget."""
    add_jobs(db, "send_notification", isolated=True)
    add_jobs(db, "send_notification", 500, first=1)
    started = time.monotonic()
    when: list[float] = []

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        if request.n == 0:
            when.append(time.monotonic() - started)
        await asyncio.sleep(0.2)
        return Completed()

    worker = make_worker(single("send_notification", work, timeout_s=1), budget_ms=4000, concurrency=4)
    report = await worker.run()
    assert len(when) == 1
    assert when[0] < 2.5
    assert report.stop_reason == "budget"
    assert {row["payload"]["n"] for row in ended(db)} >= {0}


async def test_they_do_not_hold_up_what_no_longer_fitted(db: Db, make_worker: MakeWorker) -> None:
    """Time is kept back for an image that may take 6 s, so likes do not fit before it. It takes a moment, and then
    they do."""
    add_jobs(db, "process_image", isolated=True)
    add_jobs(db, "send_notification", 5, first=1)
    order: list[int] = []

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        order.append(request.n)
        return Completed()

    types = [single("process_image", work, timeout_s=6), single("send_notification", work, timeout_s=3)]
    report = await make_worker(*types).run()
    assert (order[0], sorted(order)) == (0, [0, 1, 2, 3, 4, 5])
    assert (report.endings, report.stop_reason) == ({"completed": 6}, "empty")


async def test_a_failure_of_an_isolated_job_is_like_any(db: Db, make_worker: MakeWorker) -> None:
    """It stays isolated; the others that wait have their turn."""
    add_jobs(db, "send_notification", 3, isolated=True)

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        if request.n == 0:
            raise ValueError("no")
        return Completed()

    report = await make_worker(single("send_notification", work)).run()
    (failed,) = active(db)
    assert (failed["isolated"], failed["attempts"], failed["error_message"]) == (True, 1, "ValueError: no")
    assert report.endings == {"completed": 2, "retried": 1}


async def test_a_rescued_job_runs_in_a_later_run(db: Db, make_worker: MakeWorker) -> None:
    """The run that finds an expired lease takes the job back; the wait is the queue's backoff."""
    add_jobs(db, "send_notification", 2)
    db.execute("select public.claim_jobs('w-killed', 10)")
    make_due(db)
    worker_type = single("send_notification", succeed)
    report = await make_worker(worker_type).run()
    assert (report.rescued, report.claimed) == (2, 0)
    assert {(row["isolated"], row["attempts"]) for row in active(db)} == {(True, 0)}
    make_due(db)
    assert (await make_worker(worker_type).run()).endings == {"completed": 2}


# A worker in a process of its own, whose handler ends that process for job 4 as an out-of-memory kill would.
POISONED = """
import asyncio, os, sys
from lib.queue import Completed
from lib.queue.worker import Worker
from lib.resources import Resources
from lib.settings import Settings
from tests.worker.working import single

async def work(request, context):
    await asyncio.sleep(0.2)
    if request.n == 4:
        os._exit(137)
    await asyncio.sleep(0.2)
    return Completed()

async def main():
    types = {"send_notification": single("send_notification", work)}
    await Worker(Resources.open(Settings.load(os.environ)), "cron", 10.0, types).run()

asyncio.run(main())
"""


@pytest.mark.timeout(120)
def test_a_job_that_kills_its_process_takes_no_other_along(project: dict[str, str], db: Db) -> None:
    """One poison job and nine good ones claimed together: nine completed, one dead, and its history says why."""
    add_jobs(db, "send_notification", 10)
    exits: list[int] = []
    while active(db) and len(exits) < 10:
        run = subprocess.run([sys.executable, "-c", POISONED], cwd=ROOT, env=project, timeout=30, check=False)
        exits.append(run.returncode)
        make_due(db)
    assert statuses(db) == {"completed": 9, "dead": 1}
    (dead,) = [row for row in ended(db) if row["status"] == "dead"]
    assert (dead["payload"]["n"], dead["attempts"]) == (4, 3)
    assert "lease expired" in dead["error_message"]
    assert "alone" in dead["error_message"]
    assert {row["attempts"] for row in ended(db) if row["status"] == "completed"} == {1}
    # Killed with all ten, then alone for each of the three attempts.
    assert exits.count(137) == 4
    (unfinished,) = db.execute("select count(*) from public.worker_runs where finished_at is null").fetchall()
    assert unfinished["count"] == 4


async def test_in_every_other_run_ordinary_jobs_have_most_of_the_time(db: Db, make_worker: MakeWorker) -> None:
    """Isolated images that kill one run after the other would otherwise leave no time in which a like sync fits."""
    order: list[int] = []

    async def work(request: Numbered, _context: JobContext) -> Outcome:
        order.append(request.n)
        return Completed()

    types = [single("process_image", work, timeout_s=6), single("send_notification", work, timeout_s=3)]
    for first in (0, 3):
        add_jobs(db, "process_image", isolated=True, first=first)
        add_jobs(db, "send_notification", 2, first=first + 1)
        assert (await make_worker(*types).run()).endings == {"completed": 3}
    assert order[0] == 0
    assert order[-1] == 3
