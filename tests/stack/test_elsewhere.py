"""`make dev ARGS=--supabase` serves the functions over a Supabase that somebody else runs."""

from pathlib import Path

import httpx
import pytest

from dev import elsewhere
from dev.errors import StackError
from tests.stack.conftest import StartPython, WriteProject
from tests.stack.test_up import FUNCTION, read_until_ready

PROGRAM = "import sys; from pathlib import Path; from dev import elsewhere; elsewhere.run(Path(sys.argv[1]))"
NAMES = ("SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY")


@pytest.fixture
def served(write_project: WriteProject) -> Path:
    """A project with a function that shows its environment."""
    return write_project({"api/show.py": FUNCTION, "vercel.json": "{}", ".env.example": "IMAGE_HOSTS=\n"})


@pytest.fixture
def no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Supabase's command line."""
    monkeypatch.setattr("dev.elsewhere.shutil.which", lambda _: None)


def test_the_functions_are_served_over_it(served: Path, project: dict[str, str], start_python: StartPython) -> None:
    """They get its address and keys, and no address of the database; .env.local has all."""
    env = {name: project[name] for name in NAMES} | {"DATABASE_URL": project["DATABASE_URL"], "DEV_CRON": "0"}
    read_until_ready(start_python(PROGRAM, served, env=env | {"IMAGE_HOSTS": "images.example.com"}))
    written = dict(line.split("=", 1) for line in (served / ".env.local").read_text().splitlines())
    seen = httpx.get(f"{written['FUNCTIONS_URL']}/api/show").json()
    assert {name: seen[name] for name in NAMES} == {name: project[name] for name in NAMES}
    assert seen["IMAGE_HOSTS"] == "images.example.com"
    assert "DATABASE_URL" not in seen
    assert seen["CRON_SECRET"] == written["CRON_SECRET"]
    assert len(written["CRON_SECRET"]) >= 16


@pytest.mark.usefixtures("no_program")
def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(StackError, match=r"SUPABASE_SERVICE_ROLE_KEY is missing: set .* `supabase start`"):
        elsewhere.found({"SUPABASE_URL": "http://127.0.0.1:1"}, tmp_path)
    with pytest.raises(StackError, match="SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are missing"):
        elsewhere.found({}, tmp_path)


def test_a_running_stack_is_asked_for_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of `supabase status -o env`. The program is a stand-in: the real one needs Docker."""
    program = tmp_path / "supabase"
    program.write_text("#!/bin/sh\necho 'API_URL=\"http://127.0.0.1:54321\"'\necho 'SERVICE_ROLE_KEY=\"a-key\"'\n")
    program.chmod(0o700)
    monkeypatch.setattr("dev.elsewhere.shutil.which", lambda _: str(program))
    assert elsewhere.found({}, tmp_path) == {
        "SUPABASE_URL": "http://127.0.0.1:54321",
        "SUPABASE_SERVICE_ROLE_KEY": "a-key",
    }


def test_one_that_cannot_be_used_is_refused(project: dict[str, str]) -> None:
    """Not there, another key, or without the migrations: each says so before anything is served."""
    good = {name: project[name] for name in NAMES}
    elsewhere.ask(good)
    with pytest.raises(StackError, match="does not answer"):
        elsewhere.ask(good | {"SUPABASE_URL": "http://127.0.0.1:1"})
    with pytest.raises(StackError, match="refuses the key"):
        elsewhere.ask(good | {"SUPABASE_SERVICE_ROLE_KEY": project["SUPABASE_ANON_KEY"]})
