"""The rehearsal itself: the app's database, the doctor, our migrations, the doctor again, and the way back.

It prints nothing: what came of it is a value.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from dev import paths
from dev.doctor import Finding, examine
from dev.errors import StackError
from dev.rehearse import changes, dump, scripts, wayback
from dev.rehearse.app import App
from dev.rehearse.changes import Changes
from dev.rehearse.wayback import Remains
from dev.supabase import migrations
from dev.supabase.migrations import Migration
from dev.supabase.postgres import ADMIN

ROLLBACK = paths.PROJECT / "supabase/rollback/migrations.sql"
NAMES_TAKEN = "names_taken"
OLD_IMAGE_URLS = "posts_new has rows whose image_url"

type Progress = Callable[[str], None]


@dataclass(slots=True)
class Rehearsal:
    """How far it came, and what was seen. seconds: of each part, by its name. failure: what ended it early.

    steps: files of supabase/optional that are applied after the migrations.
    """

    app: App
    url: str
    steps: Sequence[Path] = ()
    before: list[Finding] = field(default_factory=list)
    changes: Changes | None = None
    after: list[Finding] | None = None
    remains: Remains | None = None
    failure: scripts.ScriptError | None = None
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def taken(self) -> Finding | None:
        """The finding that names of ours are taken, with the SQL that moves them."""
        return next((each for each in self.before if each.code == NAMES_TAKEN), None)


def make_app(rehearsal: Rehearsal, progress: Progress) -> None:
    """Make the app's database and examine it. Raises ScriptError that names the file."""
    app, began = rehearsal.app, time.monotonic()
    with _connected(rehearsal) as database:
        database.execute(migrations.RECORDS)
        for migration in app.migrations:
            progress(f"applying {migration.file.name}")
            _apply(database, migration)
        for file in app.scripts:
            progress(f"applying {file.name}")
            scripts.run(database, file)
    for file in app.rows:
        progress(f"loading {file.name}")
        dump.load(make_conninfo(rehearsal.url, user=ADMIN), file)
    rehearsal.seconds["app"] = time.monotonic() - began
    progress("the doctor looks")
    rehearsal.before = examine(rehearsal.url)


def adopt(rehearsal: Rehearsal, progress: Progress) -> wayback.State:
    """Apply our migrations and examine again. Returns what the database was before."""
    before = wayback.state(rehearsal.url)
    with _connected(rehearsal) as database:
        rights = changes.rights(database)
        began = time.monotonic()
        for migration in migrations.found_in(paths.PROJECT):
            progress(f"applying {migration.file.name}")
            _apply(database, migration)
        rehearsal.seconds["migrations"] = time.monotonic() - began
        for step in rehearsal.steps:
            scripts.run(database, step)
            # The installer gives it a version; the doctor looks for its name.
            migrations.record(database, Migration(f"optional_{step.stem}", step.stem, step))
        rehearsal.changes = changes.read(database, rights)
    progress("the doctor looks again")
    rehearsal.after = examine(rehearsal.url)
    return before


def go_back(rehearsal: Rehearsal, before: wayback.State, progress: Progress) -> None:
    """Take everything out, and compare."""
    progress("going back")
    with _connected(rehearsal) as database:
        began = time.monotonic()
        scripts.run(database, ROLLBACK)
        rehearsal.seconds["back"] = time.monotonic() - began
    made = rehearsal.changes.made if rehearsal.changes else []
    rehearsal.remains = wayback.compare(before, wayback.state(rehearsal.url), made)


def rehearse(rehearsal: Rehearsal, progress: Progress, *, and_back: bool = True) -> None:
    """Do it all in its database, which is new. Raises ScriptError when the app's own files fail."""
    make_app(rehearsal, progress)
    if rehearsal.taken is not None:
        return
    try:
        before = adopt(rehearsal, progress)
        if and_back:
            go_back(rehearsal, before, progress)
    except scripts.ScriptError as failure:
        rehearsal.failure = failure


def optional_steps(names: Iterable[str]) -> list[Path]:
    """Return the files of optional steps. Raises StackError that lists them when there is no such step."""
    there = {file.stem: file for file in sorted((paths.PROJECT / "supabase/optional").glob("*.sql"))}
    wanted = list(names)
    for name in wanted:
        if name not in there:
            raise StackError(f"--add: there is no optional step {name}; there are {', '.join(there)}")
    return [there[name] for name in wanted]


def _apply(database: psycopg.Connection, migration: Migration) -> None:
    """Apply and record it, as `supabase db push` does: the doctor reads that list."""
    scripts.run(database, migration.file)
    migrations.record(database, migration)


def _connected(rehearsal: Rehearsal) -> psycopg.Connection:
    database = psycopg.connect(rehearsal.url, autocommit=True)
    database.add_notice_handler(lambda notice: _keep(rehearsal.warnings, notice))
    return database


def _keep(warnings: list[str], notice: psycopg.errors.Diagnostic) -> None:
    said = notice.message_primary or ""
    # A notice of image_urls.sql tells as much of the app as a warning does. Of triggers, Changes tells.
    told = said.startswith("the trigger ")
    if (notice.severity == "WARNING" and not told) or said.startswith(OLD_IMAGE_URLS):
        warnings.append(said)
