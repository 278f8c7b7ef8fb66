"""Examine a Supabase project's database. Reads only; what it makes for the examination is rolled back.

Exit code: 0 when nothing as bad as --fail-on was found, 1 when something was, 2 when it could not be examined.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

import psycopg
from rich.console import Console

from dev.doctor import which
from dev.doctor.examination import MAX_ROWS, SEVERITIES, Finding, examine
from dev.doctor.report import show
from dev.process import pipes
from lib.cli.problems import BadUsage

NEVER = "never"


def main(arguments: Sequence[str]) -> int:
    """Examine, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dev.doctor", description=__doc__)
    parser.add_argument("database_url", nargs="?", help="else DATABASE_URL, of the environment or of .env.local")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--fail-on", choices=[*SEVERITIES, NEVER], default="high", help="exit 1 from this severity on (default: high)"
    )
    parser.add_argument("--max-rows", type=int, default=MAX_ROWS, help="read of one table at most")
    options = parser.parse_args(arguments)
    try:
        chosen = which.database(options.database_url, os.environ)
        print(f"doctor: examining {chosen}", file=sys.stderr)
        findings = examine(chosen.url, options.max_rows)
    except BadUsage as problem:
        print(f"doctor: {problem}", file=sys.stderr)
        return 2
    except psycopg.Error as error:
        print(f"doctor: the database cannot be examined: {str(error).strip()}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        show(Console(highlight=False), findings)
    return int(fails(findings, options.fail_on))


def fails(findings: Sequence[Finding], fail_on: str) -> bool:
    """Tell whether one is as bad as that, or worse."""
    bad = () if fail_on == NEVER else SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return any(finding.severity in bad for finding in findings)


if __name__ == "__main__":
    pipes.run(lambda: main(sys.argv[1:]))
