"""The rehearsal: the app's database, the doctor, our migrations, the doctor again, and the way back."""

import argparse
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from rich.console import Console

import dev.rehearse
from dev import paths
from dev.check.schema import describe
from dev.doctor.examination import examine
from dev.errors import StackError
from dev.install import manifest
from dev.process import signals
from dev.rehearse import report, scripts
from dev.supabase import migrations, temporary

DATABASE = "rehearsed"


def main(arguments: Sequence[str]) -> int:
    """Rehearse; return 1 when a step fails, or when the way back leaves something behind."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.rehearse",
        description=dev.rehearse.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--app", type=Path, required=True, metavar="DIR", help="the app's repository")
    parser.add_argument("--dump", type=Path, metavar="FILE", help="rows to load after the app's migrations")
    asked = parser.parse_args(arguments)
    console = Console(highlight=False)
    try:
        with signals.ending_in_order(), temporary() as stack:
            stack.databases.create(DATABASE)
            url = stack.address.postgres_url(database=DATABASE)
            return rehearse(console, url, asked.app.resolve(), asked.dump)
    except StackError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1


def rehearse(console: Console, url: str, app: Path, dump: Path | None) -> int:
    """Do it all in one database, which is new."""
    files = app_files(app, dump)
    with psycopg.connect(url, autocommit=True) as database:
        database.add_notice_handler(lambda notice: _tell(console, notice))
        with _timed(console, f"{len(files)} files of the app"):
            for file in files:
                scripts.run(database, file)
        report.show_findings(console, "The doctor on the old app", examine(url))
        before = facts(url)
        ours = migrations.found_in(paths.PROJECT)
        console.print()
        with _timed(console, f"{len(ours)} migrations of the queue"):
            for migration in ours:
                scripts.run(database, migration.file)
        report.show_changes(console, database)
        report.show_findings(console, "The doctor afterwards", examine(url))
        console.print()
        with _timed(console, "the way back, supabase/rollback/migrations.sql"):
            scripts.run(database, paths.PROJECT / "supabase/rollback/migrations.sql")
    return show_remains(console, before, facts(url))


def app_files(app: Path, dump: Path | None) -> list[Path]:
    """Return the app's own migrations, its seed and the dump. Raises StackError when there is no schema."""
    before = manifest.read(app)
    ours = {each.installed_as for each in before.migrations.values()} if before else set()
    own = [each.file for each in migrations.found_in(app) if each.file.name not in ours]
    files = [*own, *(file for file in (app / "supabase/seed.sql", dump) if file is not None and file.exists())]
    if dump is not None and not dump.exists():
        raise StackError(f"{dump} is not there")
    if not files:
        raise StackError(f"{app}/supabase/migrations has no migrations: give the schema and the rows with --dump")
    return files


def facts(url: str) -> set[str]:
    """Return what the database consists of, without what a rollback keeps. Privileges in one order."""
    found = {re.sub(r"\{([^{}]*=[^{}]*)\}", _in_order, fact) for fact in describe(url) if "queue_removed" not in fact}
    found = {re.sub(r"access (\{\})?$", "access", fact) for fact in found}
    # Numbers that a sequence has handed out stay so.
    return {re.sub(r",\d*\)$", ")", fact) if fact.startswith("sequence") else fact for fact in found}


def show_remains(console: Console, before: set[str], after: set[str]) -> int:
    """Say whether the schema is what it was; return 1 if it is not."""
    for fact in sorted(before ^ after):
        console.print(f"  {'lacking' if fact in before else 'left'}: {fact}", markup=False, soft_wrap=True)
    console.print(f"Afterwards the schema is {'as it was' if before == after else 'not what it was'}.")
    return int(before != after)


def _in_order(privileges: re.Match[str]) -> str:
    return "{" + ",".join(sorted(privileges[1].split(","))) + "}"


def _tell(console: Console, notice: psycopg.errors.Diagnostic) -> None:
    if notice.severity == "WARNING":
        console.print(f"  warning: {notice.message_primary}", markup=False)


@contextmanager
def _timed(console: Console, what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    console.print(f"{what}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
