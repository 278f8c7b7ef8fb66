"""CLAUDE.md says what the code says."""

import re
from pathlib import Path

import pytest

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.registry import registered
from tests.repo.test_makefile import TARGETS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CLAUDE.md").read_text()
SECTION = TEXT.partition("## Queue & Background Tasks")[2]
TYPE = re.compile(r"^\| `(\w+)` \| ([^|]+) \| (\d+) \|$", re.MULTILINE)


@pytest.mark.parametrize("part", ["Components", "Job types", "How it works", "Monitoring"])
def test_each_part_is_there(part: str) -> None:
    """Whoever works on the app looks for these."""
    assert re.search(rf"^### {part}$", SECTION, re.MULTILINE)


def test_each_type_that_it_names_has_this_priority(released_types: set[str]) -> None:
    """All that the migrations of a release make; a type of the app's own needs no row."""
    documented = {name: int(priority) for name, _, priority in TYPE.findall(SECTION)}
    assert documented.keys() >= released_types
    assert documented == {name: registered[name].policy.priority for name in documented}


def test_each_place_that_it_names_exists() -> None:
    """Files and folders in code marks."""
    places = [name for name in re.findall(r"`([\w./]+/[\w./]*)`", TEXT) if not name.startswith("/")]
    assert len(places) > 10
    assert [name for name in places if not (ROOT / name.removeprefix("./")).exists()] == []


def test_each_command_that_it_names_exists() -> None:
    """Targets of the Makefile."""
    assert set(re.findall(r"`make ([a-z-]+)", TEXT)) <= set(TARGETS)


def test_each_table_and_route_that_it_names_exists() -> None:
    """In the migrations, and below api/."""
    sql = "".join(file.read_text() for file in sorted((ROOT / "supabase/migrations").glob("*.sql")))
    for table in ("background_jobs", "job_history"):
        assert f"`{table}`" in SECTION
        assert f"create table if not exists public.{table} (" in sql
    routes = re.findall(r"`(?:GET|POST) /(api/[\w/]+)`", SECTION)
    assert len(routes) > 2
    assert [route for route in routes if not (ROOT / f"{route}.py").exists()] == []
