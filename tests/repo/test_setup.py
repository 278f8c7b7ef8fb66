"""dev/setup.py on machines that are unlike each other."""

import sys
from pathlib import Path

import pytest

from dev import setup


def program(file: Path, script: str) -> Path:
    """Write a shell script that can be run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_a_shim_that_refuses_to_start_is_not_taken(tmp_path: Path) -> None:
    """pyenv has a python3.12 on PATH even when no 3.12 is selected."""
    assert not setup.is_wanted(program(tmp_path / "python3.12", "exit 127"))
    assert not setup.is_wanted(tmp_path / "missing")
    assert setup.is_wanted(Path(sys.executable))


def test_a_version_manager_is_found_by_its_shims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOME may be empty and PYENV_ROOT unset, as in CI."""
    real = program(tmp_path / "pyenv/versions/3.12.1/bin/python3.12", "")
    monkeypatch.setenv("PATH", str(tmp_path / "pyenv/shims"))
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    assert real in list(setup.candidates())


def test_uv_is_installed_by_the_machines_pip_when_no_venv_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's python3 has no ensurepip until python3-venv is installed."""
    python = program(tmp_path / "python3", '[ "$2" = venv ] && exit 1; exec true')
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(setup.pips(tmp_path)) == [[str(python), "-m", "pip"]]


def test_a_changed_requirement_or_a_moved_checkout_makes_venv_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else does: the second run takes a tenth of a second."""
    before = setup.digest()
    assert setup.digest() == before
    for name in setup.INPUTS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((setup.ROOT / name).read_bytes())
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    moved = setup.digest()
    (tmp_path / "requirements.txt").write_text("httpx==1\n")
    assert len({before, moved, setup.digest()}) == 3


def test_a_failure_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback: whoever runs make for the first time is no expert of this file."""

    def fail() -> None:
        raise setup.SetupError("install Python 3.12")

    monkeypatch.setattr(setup, "up_to_date", lambda: False)
    monkeypatch.setattr(setup, "make", fail)
    assert setup.main() == 1
    assert capsys.readouterr().err == "set-up failed: install Python 3.12\n"
