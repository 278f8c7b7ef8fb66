"""What a run sends to start another one, and that it waits for nobody."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from lib.queue.context import JobContext
from lib.queue.outcome import Completed, Outcome
from lib.queue.worker import Worker
from tests.stack.listener import Listener
from tests.worker.faults import Faults
from tests.worker.working import Clock, Db, MakeWorker, Numbered, add_jobs, single

SECRET = "the-secret-of-the-cron"


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody at our own URL."""
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.let_go.set()
        server.shutdown()
        thread.join()


async def work(_request: Numbered, _context: JobContext) -> Outcome:
    """Take a while."""
    await asyncio.sleep(0.1)
    return Completed()


def calling(worker: Worker, url: str, **settings: Any) -> Worker:
    """The same worker, which is at this URL."""
    own = {"worker_url": url, "cron_secret": SecretStr(SECRET), **settings}
    resources = replace(worker.resources, settings=worker.resources.settings.model_copy(update=own))
    return replace(worker, resources=resources)


def busy(make_worker: MakeWorker, db: Db) -> Worker:
    """A worker with more jobs than fit into its budget of a second."""
    add_jobs(db, "send_notification", 30)
    return make_worker(single("send_notification", work, timeout_s=0.3), budget_ms=1000, concurrency=1)


async def test_the_call_says_who_hands_over(db: Db, make_worker: MakeWorker, listener: Listener) -> None:
    """Its number in the ledger, where its end stands already; and the secret of the cron, which the log never shows."""
    await calling(busy(make_worker, db), listener.url).run()
    ((method, path, headers, _body),) = listener.asked
    (run,) = db.execute("select * from public.worker_runs").fetchall()
    assert (method, urlsplit(path).path) == ("GET", "/api/queue/process")
    assert parse_qs(urlsplit(path).query) == {"trigger": ["handover"], "startedBy": [str(run["id"])]}
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert run["stop_reason"] == "budget"


async def test_the_reply_does_not_wait_for_the_successor(
    db: Db, make_worker: MakeWorker, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who works for seconds before it answers, or never does."""
    monkeypatch.setattr("lib.queue.handover.ROUTE", "/slow")
    begun = time.monotonic()
    report = await calling(busy(make_worker, db), listener.url).run()
    assert time.monotonic() - begun < report.duration_ms / 1000 + 1
    assert len(listener.asked) == 1


async def test_a_run_that_is_late_calls_nobody(
    db: Db, make_worker: MakeWorker, listener: Listener, faults: Faults
) -> None:
    """The time that the platform leaves is for the reply."""
    clock = Clock()

    def be_late(function: str) -> None:
        if function == "finish_worker_run":
            clock.ahead = 60.0

    faults.after = be_late
    report = await replace(calling(busy(make_worker, db), listener.url), clock=clock).run()
    assert (report.stop_reason, listener.asked) == ("budget", [])


async def test_siblings_are_called_while_it_works(db: Db, make_worker: MakeWorker, listener: Listener) -> None:
    """As many as WORKER_FANOUT says, once; and a run that has drained its queue by then calls nobody."""
    await calling(busy(make_worker, db), listener.url, worker_fanout=2).run()
    asked = [parse_qs(urlsplit(path).query)["trigger"] for _, path, _, _ in listener.asked]
    assert asked == [["fanout"], ["fanout"], ["handover"]]
    db.execute("delete from public.background_jobs")
    add_jobs(db, "send_notification", 1)
    short = make_worker(single("send_notification", work, timeout_s=0.3), budget_ms=1000)
    assert (await calling(short, listener.url, worker_fanout=2).run()).stop_reason == "empty"
    assert len(listener.asked) == 3


@pytest.mark.parametrize("settings", [{"worker_url": None}, {"cron_secret": None}])
async def test_a_run_that_cannot_call_ends_as_ever(
    db: Db, make_worker: MakeWorker, listener: Listener, settings: dict[str, Any]
) -> None:
    """It does not know where it is, or has no secret."""
    report = await calling(busy(make_worker, db), listener.url, **settings).run()
    assert (report.stop_reason, listener.asked) == ("budget", [])
