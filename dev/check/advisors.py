"""What Supabase's advisors remark, held against what the repository says of it.

An index is explained by the comment above it in its migration, all else by a row of docs/advisors.md.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROW = re.compile(r"^\| `(\w+)` \| `([\w.*]+)` \| (.+) \|$", re.MULTILINE)
SERVES = re.compile(
    r"^ *-- Serves (?:[^\n]*\n *--)*[^\n]*\n *create (?:unique )?index if not exists (\w+)", re.MULTILINE
)


@dataclass(frozen=True)
class Remark:
    """One finding: the advisor's name for it, and the table or index that it is about."""

    name: str
    subject: str

    @classmethod
    def of(cls, finding: Mapping[str, Any]) -> "Remark":
        """From what the command line prints. An index is named in the text only."""
        schema = finding["metadata"]["schema"]
        index = re.match(r"Index `(\w+)`", finding["detail"])
        return cls(finding["name"], f"{schema}.{index[1] if index else finding['metadata']['name']}")

    def __str__(self) -> str:
        return f"| `{self.name}` | `{self.subject}` |"


def explained(page: Path) -> list[Remark]:
    """The rows of the page; a subject may end in `*`."""
    return [Remark(name, subject) for name, subject, _ in ROW.findall(page.read_text())]


def served(migrations: Iterable[Path]) -> set[str]:
    """The names of the indexes of which a comment says what they serve."""
    return {name for file in migrations for name in SERVES.findall(file.read_text())}


def problems(remarks: Sequence[Remark], rows: Sequence[Remark], indexes: set[str]) -> list[str]:
    """Say which remarks nobody has explained, and which explanations have no remark any more."""
    found = []
    for remark in remarks:
        index = remark.name == "unused_index" and remark.subject.rpartition(".")[2] in indexes
        if not index and not any(covers(row, remark) for row in rows):
            found.append(f"not explained in docs/advisors.md: {remark}")
    gone = [row for row in rows if not any(covers(row, remark) for remark in remarks)]
    return found + [f"explained, and not remarked any more: {row}" for row in gone]


def covers(row: Remark, remark: Remark) -> bool:
    """Whether a row explains a remark."""
    return row.name == remark.name and fnmatch.fnmatchcase(remark.subject, row.subject)
