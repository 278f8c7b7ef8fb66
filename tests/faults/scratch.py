"""A scratch project: this repository's worker route under Vercel's runtime, with the fault tests' handlers and, for
tests that wait for the platform's kill, a shorter `maxDuration`."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from dev.paths import PROJECT
from dev.vercel import Functions

MAX_DURATION_S = 10
ROUTE = "api/queue/process.py"
# What the route's file gets at its end: the tests' handlers, and the reserves in proportion to maxDuration.
OVERRIDES = """

import lib.jobs
from lib.queue import deadline, isolation, registry
from tests.faults.handlers import types_for_tests

registry._types.update(types_for_tests(timeout_s={timeout_s}))
deadline.SETTLE_RESERVE_S, deadline.REPLY_RESERVE_S = {share} * 1.5 + 0.3, {share} * 0.4 + 0.2
isolation.LEAST_RESERVE_S = {share} * 2.0
"""


def make_scratch_project(folder: Path, max_duration_s: int, timeout_s: float) -> Path:
    """Write it; `lib` and `tests` are this repository's."""
    (folder / ROUTE).parent.mkdir(parents=True)
    overrides = OVERRIDES.format(timeout_s=timeout_s, share=max_duration_s / MAX_DURATION_S)
    (folder / ROUTE).write_text((PROJECT / ROUTE).read_text() + overrides)
    config = json.loads((PROJECT / "vercel.json").read_text())
    short = {"functions": {"api/**/*.py": {"maxDuration": max_duration_s}}, "crons": config["crons"]}
    (folder / "vercel.json").write_text(json.dumps(short))
    for shared in ("lib", "tests"):
        (folder / shared).symlink_to(PROJECT / shared)
    return folder


def scratch_functions(
    env: Mapping[str, str], folder: Path, *, max_duration_s: int = MAX_DURATION_S, timeout_s: float = 1.0
) -> Functions:
    """The scratch project's server, to be entered; its files and its log are in `folder`. Every handler has
    `timeout_s`."""
    hosted = {name: value for name, value in env.items() if name.startswith("SUPABASE_")}
    tokens = {"CRON_SECRET": secrets.token_hex(16)}
    project = make_scratch_project(folder / "project", max_duration_s, timeout_s)
    return Functions(project, hosted | tokens, log=folder / "functions.log")
