"""docs/extend.md, walked in a copy of the checkout: its files as printed, its commands, and an app that has the queue.

**`lib/jobs/x.py`** at the beginning of a line names the file of the block below it. "Below the line with `…`" says that
the block is lines of a file that is there.
"""

import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from dev import env_file, paths
from dev.check.commands import CheckError, run, tool
from dev.check.deployment import copy_tracked
from dev.supabase import Stack, keys, temporary
from dev.vercel import Functions

PAGE = Path("docs/extend.md")
FILE = re.compile(
    r"^\*\*`(?P<name>[^`]+)`\*\*(?:, below the line with `(?P<anchor>[^`]+)`)?[^\n]*\n(?:[^\n]+\n)*\n"
    r"```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MIGRATIONS = Path("supabase/migrations")
VERSION = re.compile(rf"{MIGRATIONS}/(\d{{14}})_")
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPE = "announce_comment"
# Beside the new test, those that hold a list of the types, of the settings or of what the migrations make. The others
# were run once on what the page writes, and do not know it.
TESTS = (
    f"tests/jobs/test_{TYPE}.py",
    *("tests/cli/test_document.py", "tests/jobs/test_docs.py", "tests/pure/test_registry.py"),
    *("tests/repo/test_claude_document.py", "tests/repo/test_env_example.py", "tests/routes/test_openapi.py"),
    *("tests/sql/test_expected_schema.py", "tests/sql/test_payload_keys.py", "tests/sql/test_policies.py"),
    *("tests/sql/test_privileges.py", "tests/sql/test_reserved_names.py"),
)
EXISTING_APP = Path("tests/sql/existing_app.sql")
# As somebody would who adds a type in the app itself.
OWN_PAGE, OWN_MIGRATION = Path("queue/lib/jobs/of_the_app.py"), "20991231000000_of_the_app.sql"


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
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        # Resolved, because a checkout and an app are known by their paths (macOS: /var is a link).
        copy, app = Path(name).resolve() / "copy", Path(name).resolve() / "app"
        copy_tracked(copy)
        (copy / ".venv").symlink_to(paths.PROJECT / ".venv")
        run(["git", "init", "--quiet"], cwd=copy)
        if (copy / f"lib/jobs/{TYPE}.py").exists():
            return f"{TYPE} is in this checkout: whoever wrote it walked already"
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
            came = adopt(copy, app, stack, installed)
        return f"{len(files)} parts of the page work as printed, and came into an app with {came} migrations"


def files_of(page: str) -> list[Written]:
    """Return what the page tells to write, in its order."""
    return [Written(each["name"], each["text"], each["anchor"]) for each in FILE.finditer(page)]


def make(folder: Path, *arguments: str) -> None:
    """Run make with these arguments, without its set-up: this .venv is the checkout's, and fits."""
    run(["make", "--old-file=setup", *arguments], cwd=folder)


def run_tests(copy: Path) -> None:
    """Run the new test, and those that know all types."""
    python = copy / ".venv/bin/python"
    run([python, "-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider", *TESTS], cwd=copy)


def run_linters(copy: Path, files: list[Written]) -> None:
    """Lint what the page writes, by the rules of the checkout."""
    python = [each.name for each in files if each.name.endswith(".py")]
    migrations = [each.name for each in files if each.name.endswith(".sql")]
    run([tool("ruff"), "check", "--no-cache", "--output-format=concise", *python], cwd=copy)
    run([tool("ruff"), "format", "--no-cache", "--diff", *python], cwd=copy)
    run([tool("squawk"), *migrations], cwd=copy)
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


def make_app(copy: Path, app: Path) -> list[str]:
    """Make an app that has the queue as it is, and a type of its own in it. Return its migrations."""
    (app / MIGRATIONS).mkdir(parents=True)
    (app / "package.json").write_text('{"dependencies": {"next": "16"}}')
    shutil.copyfile(paths.PROJECT / EXISTING_APP, app / MIGRATIONS / "20240101000000_app.sql")
    make(copy, "install-into", f"DIR={app}")
    (app / OWN_PAGE).write_text("# The app's own.\n")
    (app / MIGRATIONS / OWN_MIGRATION).write_text("alter type public.job_type add value if not exists 'of_the_app';\n")
    return migrations_of(app)


def adopt(copy: Path, app: Path, stack: Stack, installed: list[str]) -> int:
    """Install again: the type comes after all that is there, the app's own stays, and the database takes it.

    Return how many migrations came.
    """
    make(copy, "install-into", f"DIR={app}")
    if not (app / f"queue/lib/jobs/{TYPE}.py").is_file() or not (app / OWN_PAGE).is_file():
        raise CheckError("after the upgrade the app has no longer both pages, the new one and its own")
    now = migrations_of(app)
    new = now[len(installed) :]
    names = [name.partition("_")[2] for name in new]
    if now[: len(installed)] != installed or names != [f"{TYPE}_type.sql", f"{TYPE}.sql", "expected_schema.sql"]:
        raise CheckError(f"the upgrade brought {names} behind {now[len(installed) - 1]}")
    stack.databases.create("adopted")
    with psycopg.connect(stack.address.postgres_url(database="adopted"), autocommit=True) as db:
        for name in now:
            with db.transaction():
                db.execute((app / MIGRATIONS / name).read_bytes())
        asked = db.execute("insert into comments (post_id, body) select id, 'Nice' from posts_new limit 1").rowcount
        jobs = db.execute("select count(*) from background_jobs where job_type::text = %s", [TYPE]).fetchone()
        db.execute((copy / "supabase/rollback/migrations.sql").read_bytes())
        left = db.execute("select tgname from pg_trigger where tgrelid = 'comments'::regclass and not tgisinternal")
        if triggers := left.fetchall():
            raise CheckError(f"after the way back comments has {triggers}")
    if (asked, jobs) != (1, (1,)):
        raise CheckError(f"in the adopted database {asked} comment asked for {jobs} jobs")
    return len(new)


def migrations_of(app: Path) -> list[str]:
    """Return the names of the app's migrations, in their order."""
    return sorted(file.name for file in (app / MIGRATIONS).glob("*.sql"))
