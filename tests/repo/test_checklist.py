"""docs/checklist.md names tests that exist, and its command tells what failed."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dev.checklist.page import PAGE, Line, lines
from dev.checklist.results import outcomes, result

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = ["Database set-up", "Enqueueing", "Processing", "Like sync", "Cron", "Monitoring"]
REPORT = """<testsuites><testsuite>
<testcase classname="tests.sql.test_a" name="test_one[x]"/>
<testcase classname="tests.sql.test_a" name="test_one[y]"><failure message="no"/></testcase>
<testcase classname="tests.sql.test_a" name="test_two"/>
<testcase classname="tests.sql.test_b" name="test_three"><skipped/></testcase>
</testsuite></testsuites>"""


def test_each_line_has_tests_and_each_section_its_lines() -> None:
    """In the order in which one would go through them."""
    assert list(dict.fromkeys(line.section for line in lines(PAGE.read_text()))) == SECTIONS


def test_each_test_that_it_names_exists() -> None:
    """Pytest collects all of them."""
    named = sorted({test for line in lines(PAGE.read_text()) for test in line.tests})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-n0", "-p", "no:cacheprovider", *named]
    collected = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert collected.returncode == 0, collected.stdout + collected.stderr


def test_a_line_without_a_test_is_refused() -> None:
    """It would be ticked by nobody."""
    with pytest.raises(ValueError, match="names no test"):
        lines("## Cron\n\n- It ticks\n")


@pytest.mark.parametrize(
    ("test", "mark"),
    [
        ("tests/sql/test_a.py", "FAILED"),
        ("tests/sql/test_a.py::test_one", "FAILED"),
        ("tests/sql/test_a.py::test_two", "ok"),
        ("tests/sql/test_b.py", "not run"),
        ("tests/sql/test_c.py", "FAILED"),
    ],
)
def test_a_line_is_ok_when_its_tests_ran_and_passed(tmp_path: Path, test: str, mark: str) -> None:
    """One failed parameter, a skipped test or one that is gone is not."""
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    found = outcomes(report)
    assert found["tests/sql/test_a.py"] == Counter(passed=2, failed=1)
    assert result(Line("Cron", "It ticks", (test,)), found).mark == mark
