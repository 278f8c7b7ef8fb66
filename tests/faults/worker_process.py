"""A worker in a process of its own, to be killed: `python -m tests.faults.worker_process`.

It imports everything once and then forks for each plan that it reads from standard input, one JSON object a line: a
fork takes milliseconds, a new interpreter a second. For each plan it answers two lines: {"pid"} at once, and at the
end {"status", "report"}, where status is what waitpid says. The forked process writes every answer to a settle to the
plan's log, so that what a worker was told can be compared with what the database did.
"""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import lib.jobs  # noqa: F401 - registers the types
from lib import logs
from lib.database import Connections, Database, Reply, time_limit
from lib.errors import DatabaseError
from lib.outside import Outside
from lib.queue.worker import Worker
from lib.resources import Resources
from lib.settings import Settings
from tests.faults.handlers import types_for_tests

When = Literal["before", "during", "after"]
# Long enough for the request to be on its way, not for its answer to be back.
ON_ITS_WAY_S = 0.0015


@dataclass(frozen=True)
class Plan:
    """One invocation. kill_at: the request, counted from 1, at which it kills itself, and when; 0 is never."""

    url: str
    key: str
    log: str
    kill_at: int = 0
    kill_when: When = "before"
    budget_ms: int = 8000
    concurrency: int = 5
    call_timeout_s: float = 3.0
    timeout_s: float = 1.0
    deadline_in_s: float | None = None


class Killing:
    """A transport that kills the process at one of the requests, and writes down what it is told of settles."""

    def __init__(self, at: int, when: When, log: str) -> None:
        self._inner = Connections()
        self._at, self._when = at, when
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.requests = 0

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Pass it on, or die."""
        self.requests += 1
        if self.requests != self._at:
            reply = await self._inner.post(url, headers, body)
            self._witness(url.rpartition("/")[2], body, reply)
            return reply
        if self._when == "before":
            die()
        answering = asyncio.ensure_future(self._inner.post(url, headers, body))
        if self._when == "during":
            await asyncio.wait({answering}, timeout=ON_ITS_WAY_S)
            die()
        await answering
        die()
        raise AssertionError

    def _witness(self, function: str, body: bytes, reply: Reply) -> None:
        """Note the answers under their tokens."""
        if function not in ("settle_jobs", "settle_and_claim") or reply.status != 200:
            return
        answered = json.loads(reply.body)
        answers = answered if function == "settle_jobs" else answered["settled"]
        for outcome, answer in zip(json.loads(body)["outcomes"], answers, strict=False):
            line = {"id": outcome["id"], "token": outcome["claim_token"], "answer": answer["answer"]}
            # One write of a short line to a file opened for appending: lines of several processes do not mix.
            os.write(self._log, json.dumps(line).encode() + b"\n")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def die() -> None:
    """As the platform kills: nothing runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


async def run(plan: Plan) -> dict[str, Any]:
    """One invocation of the real worker."""
    time_limit.MAX_CALL_S = plan.call_timeout_s
    transport = Killing(plan.kill_at, plan.kill_when, plan.log)
    settings = Settings.load(
        {
            "SUPABASE_URL": plan.url,
            "SUPABASE_SERVICE_ROLE_KEY": plan.key,
            "WORKER_BUDGET_MS": str(plan.budget_ms),
            "WORKER_CONCURRENCY": str(plan.concurrency),
        }
    )
    resources = Resources(settings, Database(plan.url, plan.key, transport), Outside.of(settings))
    worker = Worker(resources, "cron", plan.deadline_in_s, types=types_for_tests(plan.timeout_s))
    try:
        report = await worker.run()
    except DatabaseError as error:
        return {"requests": transport.requests, "error": f"{type(error).__name__}: {error}"}
    finally:
        await transport.aclose()
    return {"requests": transport.requests, "error": None, **report.counts()}


def serve() -> None:
    """Fork for each plan, one at a time, until standard input ends."""
    _warm_up()
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    for line in sys.stdin:
        plan = Plan(**json.loads(line))
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _be_the_worker(plan, writer)
        os.close(writer)
        print(json.dumps({"pid": pid}), file=replies)
        with os.fdopen(reader) as pipe:
            report = pipe.read()
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"status": status, "report": json.loads(report) if report else None}), file=replies)


def _warm_up() -> None:
    """Have an invocation fail, so that what is imported late is imported before the first fork."""
    asyncio.run(run(Plan(url="http://127.0.0.1:9", key="none", log=os.devnull)))
    gc.freeze()


def _be_the_worker(plan: Plan, writer: int) -> None:
    """In the forked process: run, report, and end without the parent's clean-up."""
    try:
        os.write(writer, json.dumps(asyncio.run(run(plan))).encode())
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - a forked process must not go on as its parent
        os.write(writer, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)


if __name__ == "__main__":
    logs.configure_logs()
    serve()
