"""Who takes part: each peer's program, its version by the lock files, and how to see what it has done."""

import json
import re
from pathlib import Path

from bench.contestant import BY_HAND, OURS, Contestant
from bench.peers import install
from dev import toolchain

# Its name as people write it, its package on PyPI or npm.
_PACKAGES = {
    "Graphile Worker": "graphile-worker",
    "pg-boss": "pg-boss",
    "pgmq": "pgmq",
    "PgQueuer": "pgqueuer",
    "Procrastinate": "procrastinate",
}


def contestants(place: Path) -> tuple[Contestant, ...]:
    """All of them, the hand-written statement and ours at the end."""
    node = (str(toolchain.node()), str(install.node_program(place)))
    python = (str(install.python(place)), "-m")
    return (
        Contestant(
            "Graphile Worker",
            (*node, "graphile"),
            "select exists (select from graphile_worker._private_jobs)",
            completed=None,
        ),
        Contestant(
            "pg-boss",
            (*node, "pgboss"),
            "select exists (select from pgboss.job where name = 'noop' and state < 'completed')",
            "select count(*) from pgboss.job where name = 'noop' and state = 'completed'",
        ),
        Contestant(
            "pgmq",
            (*python, "bench.peers.pgmq"),
            "select exists (select from pgmq.q_noop)",
            "select count(*) from pgmq.a_noop",
        ),
        Contestant(
            "PgQueuer",
            (*python, "bench.peers.pgqueuer"),
            "select exists (select from pgqueuer)",
            "select count(*) from pgqueuer_log where status = 'successful'",
        ),
        Contestant(
            "Procrastinate",
            (*python, "bench.peers.procrastinate"),
            "select exists (select from procrastinate_jobs where status in ('todo', 'doing'))",
            "select count(*) from procrastinate_jobs where status = 'succeeded'",
            share=0.05,
        ),
        BY_HAND,
        OURS,
    )


def label(name: str) -> str:
    """Its name with its version, and with what it does not do."""
    version = versions().get(_PACKAGES.get(name, ""), "")
    without = " (keeps no history)" if name == "Graphile Worker" else ""
    return f"{name} {version}".strip() + without


def versions() -> dict[str, str]:
    """The versions of the lock files, by package."""
    pinned = dict(re.findall(r"^([\w-]+)==([\w.]+)", install.REQUIREMENTS.read_text(), re.MULTILINE))
    locked = json.loads((install.HERE / "package-lock.json").read_text())["packages"]
    of_npm = {path.removeprefix("node_modules/"): each["version"] for path, each in locked.items() if path}
    return {package: (pinned | of_npm)[package] for package in _PACKAGES.values()}
