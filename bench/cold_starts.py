"""Cold starts: from a request that finds no process to its reply, for each function, beside the bare reference."""

import statistics
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from bench.functions import BARE, functions_env, request, served
from bench.lab import Lab
from bench.results import Findings, Table
from dev.vercel.project import VercelProject

BARE_NAME = "bare Starlette and httpx"
DATABASE = "test_bench_cold"


def run(lab: Lab) -> Findings:
    """Start every function so many times, all in turn; the first time is not counted, for it compiles."""
    with lab.migrated(DATABASE):
        env = functions_env(lab, DATABASE)
        times: dict[str, list[float]] = defaultdict(list)
        for turn in range(1 + lab.scale.cold_starts):
            for name, ms in _start_all(lab, env).items():
                if turn:
                    times[name].append(ms)
    medians = {name: statistics.median(values) for name, values in times.items()}
    rows = tuple((name, f"{ms:.0f}", f"{ms / medians[BARE_NAME]:.2f}") for name, ms in sorted(medians.items()))
    title = f"From nothing to the first reply, medians of {lab.scale.cold_starts}"
    slowest = max(ms for name, ms in medians.items() if name != BARE_NAME)
    return Findings(
        tables=(Table(title=title, columns=("", "ms", "ratio"), rows=rows),), facts={"slowest_cold_start_ms": slowest}
    )


def _start_all(lab: Lab, env: Mapping[str, str]) -> dict[str, float]:
    routes = sorted(VercelProject.read(lab.stack.project).routes)
    times = {route: _start(lab.stack.project, env, route) for route in routes}
    return times | {BARE_NAME: _start(BARE, env, "/api/ratings")}


def _start(project: Path, env: Mapping[str, str], route: str) -> float:
    """A GET without a credential or a parameter: whatever it answers, the function was loaded and its clients made."""
    with served(project, env) as functions:
        return request(functions, "GET", route).ms
