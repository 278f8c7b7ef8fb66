"""The TypeScript client of clients/typescript: its tools, and the types that are made of public/openapi.json.

Run as a program, it writes the types, or with --check compares them. They are those of the routes that need no token of
a server: what a front end cannot call, it need not import.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dev import paths, toolchain
from dev.errors import StackError

FOLDER = paths.PROJECT / "clients" / "typescript"
DESCRIPTION = paths.PROJECT / "public" / "openapi.json"
TYPES = FOLDER / "src" / "openapi.ts"
# Whoever may call an operation needs one of these: nothing, or to be a user.
OPEN_TO_FRONT_ENDS: tuple[dict[str, list[str]], ...] = ({}, {"userToken": []})
OPTIONS = ("--immutable", "--alphabetize", "--export-type", "--default-non-nullable=false")


def tools() -> Path:
    """Return the folder that holds the node_modules of package-lock.json, installed on the first call."""
    return toolchain.install(FOLDER)


def run_tool(script: str, *arguments: str | Path, cwd: Path = FOLDER) -> str:
    """Run a program of these node_modules, by its script's path there, and return what it prints.

    Raises StackError with the output if it fails.
    """
    command = [str(toolchain.node()), str(tools() / "node_modules" / script), *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": toolchain.search_path(), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"{script} failed:\n{(done.stdout + done.stderr).strip()}")
    return done.stdout


def types() -> str:
    """Return what src/openapi.ts should hold."""
    description = front_end_part(json.loads(DESCRIPTION.read_text()))
    with tempfile.TemporaryDirectory() as scratch:
        given, made = Path(scratch) / "openapi.json", Path(scratch) / "openapi.ts"
        given.write_text(json.dumps(description))
        run_tool("openapi-typescript/bin/cli.js", given, "--output", made, *OPTIONS, cwd=Path(scratch))
        return made.read_text()


def front_end_part(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description of the operations that front ends call, with the schemas that these lead to."""
    found = {
        path: {method: operation for method, operation in methods.items() if _is_open(operation)}
        for path, methods in description["paths"].items()
    }
    calls = {path: methods for path, methods in found.items() if methods}
    schemas = description["components"]["schemas"]
    needed: set[str] = set()
    waiting = _references(calls)
    while waiting:
        needed |= waiting
        waiting = {name for each in waiting for name in _references(schemas[each])} - needed
    return description | {"paths": calls, "components": {"schemas": {name: schemas[name] for name in sorted(needed)}}}


def _is_open(operation: dict[str, Any]) -> bool:
    return any(way in OPEN_TO_FRONT_ENDS for way in operation["security"])


def _references(part: object) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(part)))


def main(arguments: Sequence[str]) -> int:
    """Write the types, or compare them."""
    parser = argparse.ArgumentParser(prog="python -m dev.typescript", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; 1 if the file is not current")
    made = types()
    if not parser.parse_args(arguments).check:
        TYPES.write_text(made)
    elif TYPES.read_text() != made:
        print(f"{TYPES.relative_to(paths.PROJECT)} is not what the routes are: make openapi", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
