"""The SQL: squawk over the migrations, Supabase's advisors, and `supabase db push`.

The last two need a database, which the local stack provides for as long as they take.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from dev import paths, toolchain
from dev.check.advisors import Remark, explained, problems, served
from dev.check.commands import CheckError, npm_tool, run, tool
from dev.supabase import temporary

LINTED = ("migrations", "optional", "rollback")
DESCRIBE = Path(__file__).with_name("describe.sql")


def squawk() -> str:
    """Lint the migrations, the optional ones and the rollbacks, by the rules of .squawk.toml."""
    supabase = paths.PROJECT / "supabase"
    files = sorted(file for folder in LINTED for file in (supabase / folder).glob("*.sql"))
    run([tool("squawk"), *files])
    return f"{len(files)} files"


def advisors() -> str:
    """Ask Supabase's advisors about a database with the migrations; warnings and unexplained remarks are failures."""
    with temporary() as stack, supabase_folder() as folder:
        url = stack.address.postgres_url()
        options = [f"--remote={url}?sslmode=disable", "--level=info", "--fail-on=warn"]
        try:
            output = supabase(folder, "db", "advisors", *options, "--output-format=json")
        except CheckError as failure:
            raise CheckError(_readable(str(failure))) from failure
    remarks = [Remark.of(finding) for finding in _findings(output)]
    files = (paths.PROJECT / "supabase/migrations").glob("*.sql")
    if found := problems(remarks, explained(paths.PROJECT / "docs/advisors.md"), served(files)):
        raise CheckError("\n".join(found))
    return f"{len(remarks)} remarks, each explained, none a warning"


def push() -> str:
    """Compare the schema that `supabase db push` makes with the one our own migrating makes."""
    with temporary() as stack, supabase_folder() as folder:
        stack.databases.create("pushed")
        url = stack.address.postgres_url(database="pushed")
        supabase(folder, "db", "push", "--yes", f"--remote={url}?sslmode=disable")
        ours, pushed = describe(stack.address.postgres_url()), describe(url)
    if ours != pushed:
        lines = [f"only after our own migrating: {line}" for line in sorted(ours - pushed)]
        lines += [f"only after supabase db push: {line}" for line in sorted(pushed - ours)]
        raise CheckError("\n".join(lines))
    return f"{len(ours)} facts the same"


def describe(database_url: str) -> set[str]:
    """Return everything that migrations decide about a database, one fact a line."""
    with psycopg.connect(database_url) as connection:
        return {fact for (fact,) in connection.execute(DESCRIBE.read_bytes())}


@contextlib.contextmanager
def supabase_folder() -> Iterator[Path]:
    """Yield a copy of supabase/ in an otherwise empty folder: its command line writes beside it."""
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        shutil.copytree(
            paths.PROJECT / "supabase",
            Path(name, "supabase"),
            ignore=shutil.ignore_patterns(".temp", ".branches"),
        )
        yield Path(name)


def supabase(folder: Path, *arguments: str) -> str:
    """Run Supabase's command line in `folder`, which is its home too: it reads no one's login."""
    env = {"PATH": toolchain.search_path(), "HOME": str(folder), "DO_NOT_TRACK": "1", "CI": "1"}
    for name in ("TMPDIR", "LANG"):
        if name in os.environ:
            env[name] = os.environ[name]
    return run([*npm_tool("supabase"), *arguments], cwd=folder, env=env)


def _findings(output: str) -> list[dict[str, str]]:
    """Return the advisors' findings; they come as one line of JSON among others."""
    for line in output.splitlines():
        if line.startswith("{"):
            results: list[dict[str, str]] = json.loads(line)["results"]
            return results
    raise CheckError(f"the advisors gave no result:\n{output}")


def _readable(output: str) -> str:
    """Return the findings that count, one a line, or the output if there are none."""
    try:
        findings = _findings(output)
    except (CheckError, ValueError, KeyError):
        return output
    serious = [finding for finding in findings if finding["level"] != "INFO"]
    return "\n".join(f"{f['level']} {f['name']}: {f['detail']}" for f in serious) or output
