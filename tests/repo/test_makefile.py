"""The commands that the README promises."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dev.check.__main__ import chosen

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)


def make(*arguments: str) -> str:
    """Run make and return what it prints."""
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_help_lists_every_target() -> None:
    """And says something of each."""
    listed = re.findall(r"^  make ([\w-]+) +\S", make("help"), re.MULTILINE)
    assert sorted(listed) == sorted(TARGETS)
    assert make() == make("help")
    assert max(map(len, make("help").splitlines())) <= 100


@pytest.mark.parametrize("target", ["demo", "dev", "test", "check", "bench", "bench-peers", "soak", "openapi", "fuzz"])
def test_every_command_makes_its_own_set_up(target: str) -> None:
    """Each is the only command after a clone."""
    steps = make("--dry-run", target)
    assert steps.index("dev/setup.py") < steps.index(".venv/bin/python -m")


def test_the_examples_of_help_work_as_printed() -> None:
    """A newcomer copies them."""
    examples = dict(re.findall(r'^  make (\w+) .*ARGS="([^"]*)"', make("help"), re.MULTILINE))
    assert {"test", "check"} <= examples.keys()
    assert chosen(examples["check"].split())
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-n0", "-p", "no:cacheprovider"]
    collected = subprocess.run([*command, *shlex.split(examples["test"])], cwd=ROOT, capture_output=True, check=False)
    assert collected.returncode == 0


def test_every_target_is_phony() -> None:
    """`make test` must run although there is a folder... or file of that name."""
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert sorted(phony[1].split()) == sorted(TARGETS)


def test_arguments_reach_the_program() -> None:
    """make test ARGS="-k likes"."""
    assert "-m pytest -k likes" in make("--dry-run", "test", "ARGS=-k likes")
    assert "--minutes 3" in make("--dry-run", "soak", "MINUTES=3")


def test_the_set_up_runs_on_an_old_python() -> None:
    """The machine's python3 may be a 3.8: it is to find or install the right one."""
    tree = ast.parse((ROOT / "dev/setup.py").read_text(), feature_version=(3, 8))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "__future__" in imported
    assert not [name for name in imported if name and name.startswith(("dev", "lib"))]


def test_ci_runs_the_tests_and_the_checks() -> None:
    """As a developer does, by the same commands."""
    script = (ROOT / ".ci/run").read_text()
    assert "make test" in script
    assert "make check" in script
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
