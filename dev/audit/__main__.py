"""Ask about every lock file, and print one line for each."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

from dev import paths, toolchain
from dev.audit.answers import Answer, exit_status, of_npm, of_pip_audit, together
from dev.process import pipes

SECONDS = 120
ANY = frozenset({"info", "low", "moderate", "high", "critical"})
SERIOUS = frozenset({"high", "critical"})
# Where pip-audit asks: the second one is tried when the first one does not know.
SERVICES = ("pypi", "osv")


def python(name: str) -> Answer:
    """Ask about a requirements file."""
    answers: list[Answer] = []
    for service in SERVICES:
        command = [sys.executable, "-m", "pip_audit", "--requirement", name, "--vulnerability-service", service]
        options = ["--require-hashes", "--disable-pip", "--format=json", "--progress-spinner=off", "--timeout=15"]
        answers.append(of_pip_audit(name, *_run([*command, *options], paths.PROJECT)))
        if not answers[-1].unasked:
            break
    return together(answers)


def node(lock: Path) -> Answer:
    """Ask about a package-lock.json. What is deployed counts at any severity; tools from high on."""
    npm = toolchain.node_home() / "lib/node_modules/npm/bin/npm-cli.js"
    cache = ["--cache", str(paths.cache_home() / "npm")]
    command = [str(toolchain.node()), str(npm), "audit", "--json", "--package-lock-only", *cache]
    output, _ = _run(command, lock.parent)
    source = lock.relative_to(paths.PROJECT).as_posix()
    deployed = source.startswith(("clients/", "dashboard/"))
    return of_npm(source, output, serious=ANY if deployed else SERIOUS)


def _run(command: list[str], folder: Path) -> tuple[str, str]:
    env = {**os.environ, "PATH": toolchain.search_path(), "NO_UPDATE_NOTIFIER": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {SECONDS} s"
    return done.stdout, done.stderr


def main() -> int:
    """Ask about all, and return the exit status."""
    locks = [
        lock
        for lock in sorted(paths.PROJECT.glob("*/**/package-lock.json"))
        if not {"node_modules", ".venv", ".vercel"} & set(lock.parts)
    ]
    requirements = ["requirements.txt", "requirements-dev.txt", "bench/peers/requirements.txt"]
    answers = []
    for answer in itertools.chain(map(python, requirements), map(node, locks)):
        print(answer, flush=True)
        answers.append(answer)
    return exit_status(answers)


if __name__ == "__main__":
    pipes.run(main)
