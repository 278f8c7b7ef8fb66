"""Variables in files: the `.env.local` that `make dev` writes, the names in `.env.example`."""

import re
from collections.abc import Mapping
from pathlib import Path

import dotenv

# An example may be commented out, as optional ones are. dotenv does not read those.
ASSIGNMENT = re.compile(r"^#? ?([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def documented(example: Path) -> list[str]:
    """Return the names of the variables that an example file shows."""
    return ASSIGNMENT.findall(example.read_text()) if example.exists() else []


def write(file: Path, values: Mapping[str, str]) -> None:
    """Set these variables in an env file, mode 600, and leave its other lines as they are."""
    file.touch(0o600)
    file.chmod(0o600)
    for name, value in values.items():
        dotenv.set_key(file, name, value, quote_mode="never")
