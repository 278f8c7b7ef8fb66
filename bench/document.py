"""The tables in docs/performance.md and README.md: each between two markers, as its result says."""

import re
from pathlib import Path

from bench.results import Result

ROOT = Path(__file__).resolve().parents[1]
PERFORMANCE, README = ROOT / "docs" / "performance.md", ROOT / "README.md"


class NoMarkersError(Exception):
    """A document has no place for a section's tables."""


def block(text: str, section: str) -> str:
    """Return what stands between a section's markers.

    Raises:
        NoMarkersError: they are not there.
    """
    found = _pattern(section).search(text)
    if found is None:
        raise NoMarkersError(f"there is no <!-- bench:{section} --> ... <!-- /bench:{section} -->")
    return found[2].strip()


def with_block(text: str, section: str, content: str) -> str:
    """Return the text with other content between a section's markers.

    Raises:
        NoMarkersError: they are not there.
    """
    block(text, section)
    return _pattern(section).sub(lambda found: f"{found[1]}\n{content}\n{found[3]}", text)


def write(result: Result, performance: Path = PERFORMANCE, readme: Path = README) -> None:
    """Show a result in docs/performance.md, and in README.md when that has the section's markers."""
    content = result.markdown()
    performance.write_text(with_block(performance.read_text(), result.section, content))
    text = readme.read_text()
    if _pattern(result.section).search(text):
        readme.write_text(with_block(text, result.section, content))


def _pattern(section: str) -> re.Pattern[str]:
    name = re.escape(section)
    return re.compile(rf"(<!-- bench:{name} -->)(.*?)(<!-- /bench:{name} -->)", re.DOTALL)
