"""The TypeScript client of clients/typescript: its types, which are made of public/openapi.json, and its tools.

Run as a program, it writes the types. They are those of the routes that need no token of a server: what a front end
cannot call, it need not import. The tools come from the client's lock file, on the first call.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dev import paths, toolchain
from dev.errors import StackError

FOLDER = paths.PROJECT / "clients" / "typescript"
DESCRIPTION = paths.PROJECT / "public" / "openapi.json"
TYPES = FOLDER / "src" / "openapi.ts"
# Whoever may call an operation needs one of these: nothing, or to be a user.
OPEN_TO_FRONT_ENDS: tuple[dict[str, list[str]], ...] = ({}, {"userToken": []})
# The dashboard's, of which signing in needs no token.
OPERATORS = "/api/admin/"
OPTIONS = ("--immutable", "--alphabetize", "--export-type", "--default-non-nullable=false")


def tools() -> Path:
    """Return the folder that holds the node_modules of package-lock.json, installed on the first call."""
    return toolchain.install(FOLDER)


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """Yield a copy of the client in which its imports resolve: node_modules stays out of the checkout."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / FOLDER.name
        shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("node_modules"))
        (copy / "node_modules").symlink_to(tools() / "node_modules")
        # As an app has it that installed the client.
        (Path(scratch) / "node_modules").mkdir()
        for package in (tools() / "node_modules").iterdir():
            (Path(scratch) / "node_modules" / package.name).symlink_to(package)
        (Path(scratch) / "node_modules" / json.loads((copy / "package.json").read_text())["name"]).symlink_to(copy)
        yield copy


def check_types(folder: Path) -> None:
    """Check the types of the project in `folder`, as its tsconfig.json says. Raises StackError with what is wrong."""
    run_script("typescript/bin/tsc", "--project", ".", "--pretty", "false", cwd=folder)


def bundle(folder: Path, *entries: str, platform: str, out: str = "out") -> list[Path]:
    """Make one file of each entry and all that it imports, in `folder`/`out`. platform: browser or node."""
    options = [f"--platform={platform}", f"--outdir={out}", "--bundle", "--format=esm", "--log-level=warning"]
    options += ["--out-extension:.js=.mjs", "--jsx=automatic", "--define:process.env.NODE_ENV='production'"]
    run_script("esbuild/bin/esbuild", *entries, *options, cwd=folder)
    return [folder / out / Path(entry).with_suffix(".mjs").name for entry in entries]


def run_script(script: str, *arguments: str | Path, cwd: Path) -> str:
    """Run a program of the client's node_modules, by its script's path there, and return what it prints.

    Raises StackError with the output if it fails.
    """
    return run_node(tools() / "node_modules" / script, *arguments, cwd=cwd)


def run_node(*arguments: str | Path, cwd: Path) -> str:
    """Run Node and return what it prints. Raises StackError with the output if it fails."""
    done = subprocess.run(
        [str(toolchain.node()), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PATH": toolchain.search_path(), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError((done.stdout + done.stderr).strip() or f"node ended with {done.returncode}")
    return done.stdout


def types() -> str:
    """Return what src/openapi.ts should hold."""
    description = front_end_part(json.loads(DESCRIPTION.read_text()))
    with tempfile.TemporaryDirectory() as scratch:
        given, made = Path(scratch) / "openapi.json", Path(scratch) / "openapi.ts"
        given.write_text(json.dumps(description))
        run_script("openapi-typescript/bin/cli.js", given, "--output", made, *OPTIONS, cwd=Path(scratch))
        return made.read_text()


def front_end_part(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description of the operations that front ends call, with the schemas that these lead to."""
    found = {
        path: {method: operation for method, operation in methods.items() if _is_open(operation)}
        for path, methods in description["paths"].items()
        if not path.startswith(OPERATORS)
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


if __name__ == "__main__":
    TYPES.write_text(types())
    print(f"wrote {TYPES.relative_to(paths.PROJECT)}")
