"""The documents show what the last results say, and nothing else."""

import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from bench import document, results
from bench.document import PERFORMANCE, README, NoMarkersError
from bench.results import Findings, Result, Table
from bench.sections import SECTIONS

NAMES = ["peers", *SECTIONS]


def a_result(section: str = "drain") -> Result:
    """Two columns, one row, as of one day."""
    table = Table(title="Draining", columns=("batch", "jobs/s"), rows=(("500", "40,000"),))
    return Result(
        section=section,
        day=date(2026, 11, 26),
        machine="2 cores",
        versions="Postgres 17",
        quick=False,
        findings=Findings(tables=(table,), facts={"jobs_per_second": 40_000}),
    )


@pytest.mark.parametrize("section", NAMES)
def test_every_section_has_one_place_and_shows_its_last_result(section: str) -> None:
    """Nobody edits a table by hand, and no section is forgotten."""
    text = PERFORMANCE.read_text()
    assert text.count(f"<!-- bench:{section} -->") == 1
    result = results.load(section)
    assert result is not None, f"bench/results has no {section}.json: make bench"
    assert document.block(text, section) == result.markdown()


def test_no_place_is_left_of_a_section_that_is_gone() -> None:
    """Its table would stay for ever."""
    for file in (PERFORMANCE, README):
        assert set(re.findall(r"<!-- bench:(\w+) -->", file.read_text())) <= set(NAMES)


def test_the_readme_shows_the_same_table() -> None:
    """The one beside the peers."""
    assert document.block(README.read_text(), "peers") == document.block(PERFORMANCE.read_text(), "peers")


def test_a_new_result_replaces_the_old_one(tmp_path: Path) -> None:
    """In both documents, and nothing around it."""
    other = "<!-- bench:likes -->\nx\n<!-- /bench:likes -->"
    place = f"before\n<!-- bench:drain -->\nold\n<!-- /bench:drain -->\nafter\n{other}\n"
    files = tmp_path / "performance.md", tmp_path / "README.md"
    for file in files:
        file.write_text(place)
    document.write(a_result(), *files)
    document.write(a_result(), *files)
    for file in files:
        assert file.read_text() == place.replace("old", a_result().markdown())


def test_a_readme_without_the_section_stays_as_it_is(tmp_path: Path) -> None:
    """It shows one table of many."""
    performance, readme = tmp_path / "performance.md", tmp_path / "README.md"
    performance.write_text("<!-- bench:drain -->\n<!-- /bench:drain -->")
    readme.write_text("hello")
    document.write(a_result(), performance, readme)
    assert readme.read_text() == "hello"


def test_a_document_without_a_place_is_an_error() -> None:
    """A result that is shown nowhere would be lost silently."""
    with pytest.raises(NoMarkersError, match="bench:drain"):
        document.with_block("nothing", "drain", "content")


def test_a_result_survives_its_file(tmp_path: Path) -> None:
    """The simulation reads what another run wrote."""
    assert results.load("drain", tmp_path) is None
    results.save(a_result(), tmp_path)
    assert results.load("drain", tmp_path) == a_result()


def test_a_quick_result_says_so() -> None:
    """Tiny sizes on a busy machine are no figures to publish."""
    assert "quick" not in a_result().markdown()
    assert "quick run" in a_result().model_copy(update={"quick": True}).markdown()


def test_a_table_has_as_many_cells_as_columns() -> None:
    """Markdown would show it askew."""
    with pytest.raises(ValidationError, match="a row has not 2 cells"):
        Table(title="Draining", columns=("batch", "jobs/s"), rows=(("500",),))
