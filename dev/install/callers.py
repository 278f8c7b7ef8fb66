"""Where the app uses what a removal takes out: its imports of the client, and the rewrites. Found by text."""

import re
from collections.abc import Collection
from pathlib import Path

from dev.install.folders import SKIPPED
from dev.install.writers import ENDS

IMPORT = re.compile(r"""\b(?:from|(?:import|require)\s*\(?)\s*["'][^"'\n]*\bsuplatzigram(?:/[^"'\n]*)?["']""")
# How steps.rewrites names the queue's project.
REWRITES = re.compile(r"\bQUEUE_URL\b")


def uses(app: Path, ours: Collection[str]) -> list[str]:
    """Return file:line of what breaks, or leads nowhere, after a removal. ours: files that go themselves."""
    found = []
    for place, folders, names in app.walk():
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for file in sorted(place / name for name in names if Path(name).suffix in ENDS):
            name = file.relative_to(app).as_posix()
            if name in ours:
                continue
            source = file.read_text(errors="replace")
            pattern = REWRITES if file.name.startswith("next.config.") else IMPORT
            if match := pattern.search(source):
                found.append(f"{name}:{source.count('\n', 0, match.start()) + 1}")
    return found
