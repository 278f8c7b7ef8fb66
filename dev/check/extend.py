"""docs/extend.md, walked in a copy of the checkout: its files as printed, its commands, and an app that has the queue.

**`lib/jobs/x.py`** at the beginning of a line names the file of the block below it. "Below the line with `…`" says that
the block is lines of a file that is there.
"""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from dev import env_file, paths
from dev.check.commands import CheckError, run, tool
from dev.check.deployment import copy_tracked
from dev.check.extended_app import MIGRATIONS, adopt, make, make_app
from dev.supabase import Stack, keys, temporary
from dev.vercel import Functions

PAGE = Path("docs/extend.md")
FILE = re.compile(
    r"^\*\*`(?P<name>[^`]+)`\*\*(?:, below the line with `(?P<anchor>[^`]+)`)?[^\n]*\n(?:[^\n]+\n)*\n"
    r"```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
VERSION = re.compile(rf"{MIGRATIONS}/(\d{{14}})_")
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPE, RECURRING = "announce_comment", "congratulate_authors"
# Beside the new tests, those that hold a list of the types, of the schedules, of the settings or of what the migrations
# make. The others were run once on what the page writes, and do not know it.
TESTS = (
    *(f"tests/jobs/test_{TYPE}.py", f"tests/jobs/test_{RECURRING}.py"),
    *("tests/cli/test_document.py", "tests/jobs/test_docs.py", "tests/pure/test_registry.py"),
    *("tests/repo/test_claude_document.py", "tests/repo/test_env_example.py", "tests/routes/test_openapi.py"),
    *("tests/sql/test_default_schedules.py", "tests/sql/test_expected_schema.py", "tests/sql/test_payload_keys.py"),
    *("tests/sql/test_policies.py", "tests/sql/test_privileges.py", "tests/sql/test_reserved_names.py"),
)


@dataclass(frozen=True)
class Written:
    """A file of the page, or lines of one. anchor: what the line above them has in it."""

    name: str
    text: str
    anchor: str | None

    def due(self, folder: Path) -> "Written":
        """Return it under a version later than those that are there, as the page says of migrations."""
        name = VERSION.match(self.name)
        newest = max((file.name[:14] for file in (folder / MIGRATIONS).glob("*.sql")), default="")
        if name is None or name[1] > newest:
            return self
        return replace(self, name=self.name.replace(name[1], str(int(newest) + 1)))

    def write(self, folder: Path) -> None:
        """Write the file, or put the lines into it. Raises CheckError where the page and the checkout do not fit."""
        file = folder / self.name
        if self.anchor is None:
            if file.exists():
                raise CheckError(f"{PAGE} shows {self.name} as a new file, and it is there")
            file.write_text(self.text)
            return
        lines = file.read_text().splitlines(keepends=True)
        places = [number for number, line in enumerate(lines, 1) if self.anchor in line]
        if len(places) != 1:
            raise CheckError(f"{PAGE} puts lines below `{self.anchor}` of {self.name}, which has {len(places)} of it")
        lines.insert(places[0], self.text)
        file.write_text("".join(lines))


def extend() -> str:
    """Write, make, test, lint, try by hand, adopt."""
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        # Resolved, because a checkout and an app are known by their paths (macOS: /var is a link).
        copy, app = Path(folder).resolve() / "copy", Path(folder).resolve() / "app"
        copy_tracked(copy)
        (copy / ".venv").symlink_to(paths.PROJECT / ".venv")
        run(["git", "init", "--quiet"], cwd=copy)
        for name in (TYPE, RECURRING):
            if (copy / f"lib/jobs/{name}.py").exists():
                return f"{name} is in this checkout: whoever wrote it walked already"
        page = (copy / PAGE).read_text()
        installed = make_app(copy, app)
        files = []
        for each in files_of(page):
            files.append(each.due(copy))
            files[-1].write(copy)
        *commands, by_hand = COMMANDS.findall(page)
        (made,) = re.findall(r"^make (schema .*)$", "".join(commands), re.MULTILINE)
        make(copy, *made.split())
        with ThreadPoolExecutor(2) as pool:
            for step in [pool.submit(run_tests, copy), pool.submit(run_linters, copy, files)]:
                step.result()
        with temporary(copy) as stack:
            try_by_hand(copy, stack, page, by_hand)
            came = adopt(copy, app, stack, installed, [each.name for each in files])
        return f"{len(files)} parts of the page work as printed, and came into an app with {came} migrations"


def files_of(page: str) -> list[Written]:
    """Return what the page tells to write, in its order."""
    return [Written(each["name"], each["text"], each["anchor"]) for each in FILE.finditer(page)]


def run_tests(copy: Path) -> None:
    """Run the new test, and those that know all types."""
    python = copy / ".venv/bin/python"
    run([python, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider", *TESTS], cwd=copy)


def run_linters(copy: Path, files: list[Written]) -> None:
    """Lint what the page writes, by the rules of the checkout."""
    python = [each.name for each in files if each.name.endswith(".py")]
    sql = [each.name for each in files if each.name.endswith(".sql")]
    run([tool("ruff"), "check", "--no-cache", "--output-format=concise", *python], cwd=copy)
    run([tool("ruff"), "format", "--no-cache", "--diff", *python], cwd=copy)
    run([tool("squawk"), *sql], cwd=copy)
    run([tool("lint-imports"), "--no-logo", "--no-cache"], cwd=copy)
    run([tool("mypy"), *python], cwd=copy)


def try_by_hand(copy: Path, stack: Stack, page: str, by_hand: str) -> None:
    """Enqueue the job in each way that the page shows, as after `make dev`, and see that the worker had all of them."""
    tokens = {name: keys.read(stack.folder)[name] for name in ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")}
    (statement,) = (
        each for each in re.findall(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "select *" in each
    )
    with (
        Functions(copy, stack.functions_env() | tokens) as functions,
        psycopg.connect(stack.env()["DATABASE_URL"]) as db,
    ):
        env_file.write(copy / ".env.local", stack.env() | tokens | {"FUNCTIONS_URL": functions.url})
        db.execute(statement)
        db.commit()
        said = run(["sh", "-euc", by_hand], cwd=copy)
        rows = db.execute("select status from job_history where job_type::text = %s", [TYPE]).fetchall()
    if rows != [("discarded",)] * 3:
        raise CheckError(f"enqueued in three ways, the jobs ended as {rows}:\n{said}")
