"""Where the app uses what a removal takes out: imports of the client, rewrites, a proxy's matcher. Found by text.

Each with the step of docs/adopt.md that put it there, for that is a commit of its own.
"""

import re
from collections.abc import Collection
from pathlib import Path

from dev.install import routes
from dev.install.folders import SKIPPED
from dev.install.manifest import Choices
from dev.install.writers import ENDS

IMPORT = re.compile(r"""\b(?:from|(?:import|require)\s*\(?)\s*["'][^"'\n]*\bsuplatzigram(?:/[^"'\n]*)?["']""")
# How steps.rewrites names the queue's project.
REWRITES = re.compile(r"\bQUEUE_URL\b")


def uses(project: Path, app: Path, choices: Choices, ours: Collection[str]) -> list[str]:
    """Return, as file:line: what, what breaks or leads nowhere after a removal. ours: files that go themselves."""
    matcher = re.compile(re.escape(routes.exclusion(project, choices)))
    found = []
    for place, folders, names in app.walk():
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for file in sorted(place / name for name in names if Path(name).suffix in ENDS):
            name = file.relative_to(app).as_posix()
            if name in ours:
                continue
            source = file.read_text(errors="replace")
            pattern, what = IMPORT, "an import of step 5"
            if file.name.startswith("next.config."):
                pattern, what = REWRITES, "the rewrites of step 3"
            elif file.stem in routes.PROXIES:
                pattern, what = matcher, "the matcher of step 3"
            if match := pattern.search(source):
                found.append(f"{name}:{source.count('\n', 0, match.start()) + 1}: {what}")
    return found
