"""What a click costs the function in CPU: POST /api/ratings, beside bare Starlette and httpx for the same call."""

import statistics
import uuid
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import function_pid, process_seconds
from bench.functions import BARE, functions_env, request, served
from bench.lab import Lab
from bench.results import Findings, Table
from bench.worker import ContestantError
from dev.vercel import Functions

ROUTE, FILE = "/api/ratings", "api/ratings.py"
WARM_UP = 30
DATABASE = "test_bench_http"


@dataclass(slots=True)
class Rival:
    """One of the two, and what was measured of it: one figure for each round."""

    name: str
    functions: Functions
    pid: int | None
    cpu_ms: list[float]
    wall_ms: list[float]


def run(lab: Lab) -> Findings:
    """Click in rounds, the two in turn."""
    with lab.migrated(DATABASE) as url, lab.connect(url) as db:
        row = db.execute("insert into public.posts_new (caption) values ('hot') returning id").fetchone()
        assert row is not None
        env = functions_env(lab, DATABASE)
        with served(lab.stack.project, env) as ours, served(BARE, env) as bare:
            rivals = [_start(name, each, root, row[0]) for name, each, root in _projects(lab, ours, bare)]
            for _ in range(2 * lab.scale.rounds):
                for rival in rivals:
                    _measure(rival, row[0], lab.scale.requests)
    return _findings(rivals)


def _projects(lab: Lab, ours: Functions, bare: Functions) -> list[tuple[str, Functions, Path]]:
    return [("ours", ours, lab.stack.project), ("bare Starlette and httpx", bare, BARE)]


def _start(name: str, functions: Functions, root: Path, post_id: uuid.UUID) -> Rival:
    _click(functions, post_id, WARM_UP)
    return Rival(name, functions, function_pid(root / FILE), [], [])


def _measure(rival: Rival, post_id: uuid.UUID, clicks: int) -> None:
    before = process_seconds(rival.pid)
    times = _click(rival.functions, post_id, clicks)
    after = process_seconds(rival.pid)
    rival.wall_ms.append(statistics.median(times))
    if before is not None and after is not None:
        rival.cpu_ms.append((after - before) * 1000 / clicks)


def _click(functions: Functions, post_id: uuid.UUID, clicks: int) -> list[float]:
    """Each click is another session's. Returns how long each took."""
    times = []
    for _ in range(clicks):
        answer = request(functions, "POST", ROUTE, {"postId": str(post_id), "sessionId": f"session-{uuid.uuid4()}"})
        if answer.status != 200:
            raise ContestantError(f"{ROUTE} answered {answer.status}: {answer.body.decode(errors='replace')}")
        times.append(answer.ms)
    return times


def _findings(rivals: list[Rival]) -> Findings:
    bare = rivals[-1]
    rows, facts = [], {}
    for rival in rivals:
        wall = statistics.median(rival.wall_ms)
        cells = [rival.name, f"{wall:.2f}", f"{wall / statistics.median(bare.wall_ms):.2f}", "not known", "not known"]
        if rival.cpu_ms and bare.cpu_ms:
            cpu = statistics.median(rival.cpu_ms)
            cells[3:] = [f"{cpu:.2f}", f"{cpu / statistics.median(bare.cpu_ms):.2f}"]
            facts["cpu_ms_per_click" if rival is rivals[0] else "cpu_ms_per_bare_click"] = cpu
        rows.append(tuple(cells))
    columns = ("POST /api/ratings", "reply, ms", "ratio", "CPU of the function, ms", "ratio ")
    table = Table(title="One click, one after another, in warm functions", columns=columns, rows=tuple(rows))
    return Findings(tables=(table,), facts=facts)
