"""What pytest's report (JUnit XML, `--junitxml`) says of a test, or of all tests of a file."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from dev.checklist.page import Line


@dataclass(frozen=True)
class Result:
    """How the tests of one line went."""

    passed: int
    failed: int
    skipped: int

    @property
    def mark(self) -> str:
        """One word: a line of which nothing ran is not ok."""
        if self.failed:
            return "FAILED"
        return "ok" if self.passed else "not run"


type Outcomes = dict[str, Counter[str]]


def outcomes(report: Path) -> Outcomes:
    """Count how each test went, under its name and under its file's; parameters of a test count as the test."""
    found: Outcomes = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has just written it
        file = case.get("classname", "").replace(".", "/") + ".py"
        test = case.get("name", "").partition("[")[0]
        tags = {child.tag for child in case}
        outcome = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        for name in (file, f"{file}::{test}"):
            found.setdefault(name, Counter())[outcome] += 1
    return found


def result(line: Line, of: Outcomes) -> Result:
    """Add up the tests of a line. One that the report does not know has failed: it could not be collected."""
    counts: Counter[str] = Counter()
    for test in line.tests:
        counts += of.get(test) or Counter(failed=1)
    return Result(counts["passed"], counts["failed"], counts["skipped"])
