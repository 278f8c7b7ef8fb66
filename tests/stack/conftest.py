"""Small projects and process trees, for the tests of the stack itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from dev import paths

CONFIG = '[api]\nschemas = ["public"]\n'
NOTES = "create table public.notes (id bigint generated always as identity, body text not null);\n"

WriteProject = Callable[[Mapping[str, str]], Path]
StartPython = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def write_project(tmp_path: Path) -> Iterator[WriteProject]:
    """A factory of project folders from paths and contents; their kept data goes afterwards."""
    project = tmp_path / "project"

    def write(files: Mapping[str, str]) -> Path:
        for name, content in files.items():
            file = project / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return project

    yield write
    shutil.rmtree(paths.persistent_folder(project), ignore_errors=True)


@pytest.fixture
def notes_project(write_project: WriteProject) -> Path:
    """A project with one migration."""
    return write_project(
        {
            "supabase/config.toml": CONFIG,
            "supabase/migrations/20260101000000_notes.sql": NOTES,
        }
    )


@pytest.fixture
def start_python(tmp_path: Path) -> Iterator[StartPython]:
    """A factory of Python programs that see this repository; ended, with what they started.

    start_python(code, *arguments, env={...}): their output is read by the test.
    """
    started = []

    def start(code: str, *arguments: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(paths.PROJECT), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
