"""Run the tests that the checklist names, and print the list with the results. Exit status 1 when one failed."""

import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path

from dev import paths
from dev.checklist.page import PAGE, Line, lines
from dev.checklist.results import Result, outcomes, result
from lib.cli.words import plural


def main() -> int:
    """Progress is pytest's own; the list comes at the end."""
    listed = lines(PAGE.read_text())
    tests = sorted({test for line in listed for test in line.tests})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=short", f"--junitxml={report}", *tests]
        subprocess.run([*command, *sys.argv[1:]], cwd=paths.PROJECT, check=False)
        if not report.exists():
            print("pytest wrote no report", file=sys.stderr)
            return 1
        found = outcomes(report)
    results = [(line, result(line, found)) for line in listed]
    show(results)
    return int(any(each.mark != "ok" for _, each in results))


def show(results: list[tuple[Line, Result]]) -> None:
    """Print each section with its lines."""
    for section, rows in groupby(results, key=lambda row: row[0].section):
        print(f"\n{section}")
        for line, each in rows:
            tests = plural(each.passed + each.failed + each.skipped, "test")
            print(f"  {each.mark:<8}{line.text}  ({each.passed} of {tests})")
    kept = sum(each.mark == "ok" for _, each in results)
    print(f"\n{kept} of {len(results)} lines hold")


if __name__ == "__main__":
    sys.exit(main())
