"""The code: format, lint, types, and who imports whom."""

import re

from dev import paths, typescript
from dev.check.commands import CheckError, run, tool
from dev.errors import StackError

FOLDERS = ("api", "lib", "dev", "tests", "bench")


def ruff() -> str:
    """Apply the rules of ruff.toml, and compare every file with what `ruff format` would make of it."""
    run([tool("ruff"), "check", "--output-format=concise", "."])
    return run([tool("ruff"), "format", "--check", "--output-format=concise", "."]).strip()


def mypy() -> str:
    """Check the types, strictly. mypy refuses a folder without code."""
    folders = [name for name in FOLDERS if any((paths.PROJECT / name).rglob("*.py"))]
    output = run([tool("mypy"), *folders])
    return output.strip().splitlines()[-1].removeprefix("Success: ")


def imports() -> str:
    """Check the contracts of .importlinter."""
    output = run([tool("lint-imports"), "--no-logo"])
    kept = re.search(r"Contracts: (\d+) kept", output)
    return f"{kept[1]} contracts kept" if kept else ""


def client() -> str:
    """Check the TypeScript client: its types, strictly, and that those of the routes are what the routes are."""
    if typescript.TYPES.read_text() != typescript.types():
        raise CheckError(f"{typescript.TYPES.relative_to(paths.PROJECT)} is not current: make openapi")
    with typescript.workspace() as folder:
        try:
            typescript.check_types(folder)
        except StackError as error:
            raise CheckError(str(error)) from None
    return "its types hold"
