"""This repository's worker route under Vercel's runtime, with the handlers of these tests and short budgets."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dev.paths import PROJECT
from dev.vercel import Functions

ROUTE = "api/queue/process.py"
OVERRIDES = """

import lib.jobs
from lib.queue import registry
from tests.chains.handlers import types_for_tests

registry._types.clear()
registry._types.update(types_for_tests())
"""
BUDGET_MS = 1000

Serve = Callable[..., Functions]


@pytest.fixture
def served(project: dict[str, str], tmp_path: Path) -> Iterator[Serve]:
    """A factory: served(WORKER_MAX_RUNS="2", ...) serves the test's database. One slot, and a budget of a second."""
    folder = tmp_path / "project"
    (folder / ROUTE).parent.mkdir(parents=True)
    (folder / ROUTE).write_text((PROJECT / ROUTE).read_text() + OVERRIDES)
    config = json.loads((PROJECT / "vercel.json").read_text())
    (folder / "vercel.json").write_text(json.dumps({"functions": config["functions"], "crons": config["crons"]}))
    for shared in ("lib", "tests"):
        (folder / shared).symlink_to(PROJECT / shared)
    env = {name: value for name, value in project.items() if name.startswith("SUPABASE_")}
    env |= {"CRON_SECRET": secrets.token_hex(16), "WORKER_BUDGET_MS": str(BUDGET_MS), "WORKER_CONCURRENCY": "1"}
    with ExitStack() as running:

        def serve(**settings: str) -> Functions:
            return running.enter_context(Functions(folder, env | settings, log=tmp_path / "functions.log"))

        yield serve
