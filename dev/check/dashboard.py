"""The dashboard's code: types, lint, format, and how much script a browser has to load."""

import gzip
import shutil

from dev import dashboard as page
from dev.check.commands import CheckError

# The limit for all scripts together, compressed.
LIMIT_KB = 200


def dashboard() -> str:
    """Check dashboard/ by tsc and biome, build it, and weigh its scripts."""
    copy = page.installed()
    try:
        page.npx("tsc", "--noEmit", cwd=copy)
        page.npx("biome", "check", "--error-on-warnings", "--colors=off", cwd=copy)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    size_kb = script_kb()
    if size_kb > LIMIT_KB:
        raise CheckError(f"{size_kb:.0f} KB of script, compressed; the limit is {LIMIT_KB}")
    return f"{size_kb:.0f} KB of script of {LIMIT_KB}"


def script_kb() -> float:
    """Return the size of all scripts of the built page, compressed."""
    scripts = page.build().rglob("*.js")
    return sum(len(gzip.compress(script.read_bytes(), 9)) for script in scripts) / 1_000
