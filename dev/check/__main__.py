"""Run the checks, side by side, and say for each how it went."""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from dev import database_types
from dev.check import adoption, beside_next, code, dashboard, deployment, extend, schema, secret_scan
from dev.check.commands import Check, CheckError
from dev.errors import StackError
from dev.process import pipes


def types() -> str:
    """Compare supabase/types.ts with what the migrations give now."""
    if database_types.FILE.read_text() != database_types.generate():
        raise CheckError("supabase/types.ts is out of date: make types")
    return "supabase/types.ts is current"


# The slowest first: with two cores the others fit beside them.
CHECKS: dict[str, Check] = {
    "extend": extend.extend,
    "next": beside_next.beside_next,
    "build": deployment.build,
    "folder": beside_next.own_folder,
    "mypy": code.mypy,
    "dashboard": dashboard.dashboard,
    "push": schema.push,
    "adoption": adoption.adoption,
    "advisors": schema.advisors,
    "client": code.client,
    "imports": code.imports,
    "types": types,
    "squawk": schema.squawk,
    "secrets": secret_scan.secrets,
    "ruff": code.ruff,
}


@dataclass(frozen=True)
class Result:
    """How one check went: what it has to say when all is well, or what it found."""

    name: str
    seconds: float
    note: str = ""
    problem: str = ""

    def __str__(self) -> str:
        if self.problem:
            indented = "\n".join(f"    {line}".rstrip() for line in self.problem.splitlines())
            return f"FAILED  {self.name:9} {self.seconds:6.1f} s\n{indented}"
        return f"ok      {self.name:9} {self.seconds:6.1f} s  {self.note}".rstrip()


def run(name: str) -> Result:
    """Run one check. One that breaks has failed, and the others still count."""
    started = time.monotonic()
    try:
        note = CHECKS[name]()
        return Result(name, time.monotonic() - started, note=note)
    except (CheckError, StackError) as failure:
        problem = str(failure)
    except Exception:  # noqa: BLE001 - not the check's finding: show where it broke
        problem = traceback.format_exc()
    return Result(name, time.monotonic() - started, problem=problem)


def run_all(names: Sequence[str]) -> list[Result]:
    """Run checks in parallel, printing each result as it comes."""
    results = []
    with ThreadPoolExecutor(min(4, max(2, os.cpu_count() or 2))) as pool:
        for future in as_completed([pool.submit(run, name) for name in names]):
            result = future.result()
            print(result, flush=True)
            results.append(result)
    return results


def chosen(arguments: Sequence[str]) -> list[str]:
    """Return the checks that the arguments name, all of them if there are no arguments."""
    parser = argparse.ArgumentParser(prog="make check", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="check", help=", ".join(sorted(CHECKS)))
    asked = parser.parse_args(arguments).names
    if unknown := sorted(set(asked) - CHECKS.keys()):
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(sorted(CHECKS))}")
    return [name for name in CHECKS if not asked or name in asked]


def main() -> int:
    """Run the checks that were asked for; return 1 if one failed."""
    results = run_all(chosen(sys.argv[1:]))
    failed = sum(bool(result.problem) for result in results)
    print(f"checks: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    pipes.run(main)
