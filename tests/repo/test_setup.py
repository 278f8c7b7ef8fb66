"""dev/setup.py on machines that are unlike each other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dev import setup


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that setup takes for the checkout; its requirements are uv and nothing else."""
    pin = setup.requirement("uv", setup.REQUIREMENTS.read_text())
    files = {"requirements.txt": "", "requirements-dev.txt": pin, ".python-version": "3.12\n", "dev/setup.py": ""}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    venv = tmp_path / ".venv"
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", venv)
    monkeypatch.setattr(setup, "PYTHON", venv / "bin/python")
    monkeypatch.setattr(setup, "STAMP", venv / "requirements.sha256")
    monkeypatch.setattr(setup, "REQUIREMENTS", tmp_path / "requirements-dev.txt")
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin:{os.environ['PATH']}")
    return tmp_path


def program(file: Path, script: str) -> Path:
    """Write a shell script that can be run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_a_venv_that_does_not_start_is_made_again(checkout: Path) -> None:
    """Its Python was removed, or is of another version; what is installed afterwards is what is required."""
    program(setup.PYTHON, "exit 127")
    assert setup.main() == 0
    version = subprocess.run([setup.PYTHON, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("Python 3.12.")
    assert (checkout / ".venv/bin/uv").exists()


def test_a_second_run_does_nothing(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It takes a tenth of a second; a changed requirement or a moved checkout makes .venv anew."""
    setup.PYTHON.parent.mkdir(parents=True)
    setup.PYTHON.touch()
    setup.STAMP.write_text(setup.digest())
    assert (setup.main(), capsys.readouterr().out) == (0, "")
    before = setup.digest()
    (checkout / "requirements.txt").write_text("httpx==1\n")
    assert setup.digest() != before


def test_a_version_manager_is_found_by_its_shims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOME may be empty and PYENV_ROOT unset, as in CI."""
    real = program(tmp_path / "pyenv/versions/3.12.1/bin/python3.12", "")
    monkeypatch.setenv("PATH", str(tmp_path / "pyenv/shims"))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    assert str(real.parent) in setup.search_path().split(os.pathsep)


def test_uv_comes_from_pypi_when_there_is_none(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And from the pip of a new venv when the machine's Python has no pip, as Debian's."""
    without_pip = program(tmp_path / "python3", f'[ "$2" = pip ] && exit 1; exec {sys.executable} "$@"')
    monkeypatch.setattr(sys, "executable", str(without_pip))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    uv = setup.find_uv(scratch)
    assert uv.startswith(str(scratch))
    assert setup.run([uv, "--version"], scratch) == ""


def test_a_failure_says_what_to_do(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback: whoever runs make for the first time is no expert of this file."""
    monkeypatch.setattr(setup, "find_uv", lambda _: str(program(checkout / "uv", "echo no such version; exit 2")))
    assert setup.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("set-up failed: ")
    assert "no such version\nPython 3.12 is needed" in said
    assert not setup.STAMP.exists()
