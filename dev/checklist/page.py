"""docs/checklist.md as values: sections of lines, each with the tests that do what it says."""

import re
from dataclasses import dataclass

from dev import paths

PAGE = paths.PROJECT / "docs/checklist.md"
_LINE = re.compile(r"- (?P<text>[^`]+): (?P<tests>`[^`]+`(?: `[^`]+`)*)")


@dataclass(frozen=True)
class Line:
    """Something to try. tests: files, or single tests as pytest names them."""

    section: str
    text: str
    tests: tuple[str, ...]


def lines(page: str) -> list[Line]:
    """Read the page.

    Raises:
        ValueError: a line names no test.
    """
    section, found = "", []
    for row in page.splitlines():
        if row.startswith("## "):
            section = row.removeprefix("## ")
        elif row.startswith("- "):
            match = _LINE.fullmatch(row)
            if match is None:
                raise ValueError(f"a line of the checklist names no test: {row}")
            found.append(Line(section, match["text"], tuple(re.findall(r"`([^`]+)`", match["tests"]))))
    return found
