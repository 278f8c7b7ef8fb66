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

import httpx

import lib.jobs  # noqa: F401 - registers the types
from lib import logs
from lib.connections import supabase_transport
from lib.database import CALL_TIMEOUT_S, Database
from lib.errors import DatabaseError
from lib.queue import budget
from lib.queue.worker import Worker
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


class Killing(httpx.AsyncBaseTransport):
    """Counts requests, and kills the process at one of them."""

    def __init__(self, at: int, when: When) -> None:
        self._inner = supabase_transport()
        self._at, self._when = at, when
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on, or die."""
        self.requests += 1
        if self.requests != self._at:
            return await self._inner.handle_async_request(request)
        if self._when == "before":
            die()
        answering = asyncio.ensure_future(self._inner.handle_async_request(request))
        if self._when == "during":
            await asyncio.wait({answering}, timeout=ON_ITS_WAY_S)
            die()
        await (await answering).aread()
        die()
        raise AssertionError

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class Witnessed(Database):
    """Writes down what it is told of settles."""

    def __init__(self, url: str, key: str, http: httpx.AsyncClient, log: str) -> None:
        super().__init__(url, key, http)
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def call(self, function: str, arguments: Mapping[str, Any], timeout_s: float = CALL_TIMEOUT_S) -> Any:
        """Call, and note the answers under their tokens."""
        reply = await super().call(function, arguments, timeout_s)
        if function in ("settle_jobs", "settle_and_claim"):
            answers = reply if function == "settle_jobs" else reply["settled"]
            for outcome, answer in zip(arguments["outcomes"], answers, strict=False):
                line = {"id": outcome["id"], "token": outcome["claim_token"], "answer": answer["answer"]}
                # One write of a short line to a file opened for appending: lines of several processes do not mix.
                os.write(self._log, json.dumps(line).encode() + b"\n")
        return reply


def die() -> None:
    """As the platform kills: nothing runs any more."""
    os.kill(os.getpid(), signal.SIGKILL)


async def run(plan: Plan) -> dict[str, Any]:
    """One invocation of the real worker."""
    budget.MAX_CALL_S = plan.call_timeout_s
    transport = Killing(plan.kill_at, plan.kill_when)
    async with httpx.AsyncClient(transport=transport, timeout=CALL_TIMEOUT_S) as http:
        worker = Worker(
            database=Witnessed(plan.url, plan.key, http, plan.log),
            http=http,
            settings=Settings.load({"SUPABASE_URL": plan.url, "SUPABASE_SERVICE_ROLE_KEY": plan.key}),
            trigger="cron",
            budget_ms=plan.budget_ms,
            concurrency=plan.concurrency,
            deadline_in_s=plan.deadline_in_s,
            types=types_for_tests(plan.timeout_s),
        )
        try:
            report = await worker.run()
        except DatabaseError as error:
            return {"requests": transport.requests, "error": f"{type(error).__name__}: {error}"}
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
