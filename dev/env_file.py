"""Variables in files: the `.env.local` that `make dev` writes, the names in `.env.example`."""

import re
from collections.abc import Mapping
from pathlib import Path

# An example may be commented out, as optional ones are.
ASSIGNMENT = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
HEADING = "# Written by `make dev` at each start; other lines of this file are kept."


def documented(example: Path) -> list[str]:
    """Return the names of the variables that an example file shows."""
    return ASSIGNMENT.findall(example.read_text()) if example.exists() else []


def write(file: Path, values: Mapping[str, str]) -> None:
    """Set these variables in an env file, mode 600, and leave its other lines as they are."""
    lines = file.read_text().splitlines() if file.exists() else []
    others = [line for line in lines if line != HEADING and _name(line) not in values]
    ours = [f"{name}={value}" for name, value in values.items()]
    # Written beside and moved: a reader sees the old file or the new one, never half of it.
    new = file.with_name(file.name + ".new")
    new.touch(0o600)
    new.chmod(0o600)
    new.write_text("\n".join([*others, HEADING, *ours]) + "\n")
    new.replace(file)


def _name(line: str) -> str:
    return line.removeprefix("export ").partition("=")[0].strip()
