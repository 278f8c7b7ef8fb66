"""The parent's side of `worker_process`: start workers, kill them, wait for them."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dev.paths import PROJECT
from dev.process.guardian import guardian
from dev.process.reaper import send
from dev.process.spawn import kill_group
from tests.faults.worker_process import Plan

# Far above an invocation's budget.
PATIENCE_S = 40


@dataclass(frozen=True)
class Ending:
    """How an invocation ended: `killed`, or with a report; `error` is what it could not do, or that it crashed."""

    killed: bool
    requests: int
    error: str | None
    counts: dict[str, int]


class WorkerHost:
    """One forking process, which runs one invocation at a time. Use several for several at once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker_process"],
            cwd=PROJECT,
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(PROJECT), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        guardian.watch(-self._process.pid, signal.SIGKILL)
        self._running = 0

    def begin(self, plan: Plan) -> int:
        """Start an invocation and return its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(plan)).encode() + b"\n")
        self._process.stdin.flush()
        self._running = int(self._line()["pid"])
        return self._running

    def signal(self, number: int) -> None:
        """Send the running invocation a signal; none, when it has ended meanwhile."""
        if self._running:
            send(self._running, number)

    def wait(self) -> Ending:
        """Wait for the invocation's end."""
        line = self._line()
        self._running = 0
        report: dict[str, Any] = line["report"] or {}
        killed = os.WIFSIGNALED(line["status"])
        error = report.pop("error", None)
        if not killed and line["status"]:
            error = f"the worker crashed: {error}"
        return Ending(killed, report.pop("requests", 0), error, report)

    def run(self, plan: Plan) -> Ending:
        """Run one invocation to its end."""
        self.begin(plan)
        return self.wait()

    def close(self) -> None:
        """End the process and what it forked."""
        kill_group(self._process)
        guardian.forget(-self._process.pid)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        assert text, "the worker host ended"
        line: dict[str, Any] = json.loads(text)
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def plan_for(env: dict[str, str], folder: Path, **options: Any) -> Plan:
    """A plan against the API of `env`; its log goes into `folder`."""
    url = options.pop("url", env["SUPABASE_URL"])
    return Plan(url=url, key=env["SUPABASE_SERVICE_ROLE_KEY"], log=str(folder / "answers.jsonl"), **options)
