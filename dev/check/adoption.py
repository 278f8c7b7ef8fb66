"""An app with a history of its own adopts the queue by `supabase db push`, and takes it out again.

From our checkout the push would be refused ("Remote migration versions not found"). So the installer puts our
migrations into the app's folder; what it prints for the way back is run here as printed, but for psql.
"""

import contextlib
import io
import re
import shutil
import tempfile
from pathlib import Path

import psycopg

from dev import paths
from dev.check.commands import CheckError
from dev.check.schema import supabase
from dev.install.__main__ import main as installer
from dev.rehearse.wayback import facts
from dev.supabase import temporary

EXISTING_APP = paths.PROJECT / "tests/sql/existing_app.sql"
# Later than now: the app's next migration is from a colleague whose clock runs ahead.
NEWEST = "20991231235959_colleague.sql"


def adoption() -> str:
    """Push the app, install, push again, go back, and compare what the database is after each."""
    with temporary() as stack, tempfile.TemporaryDirectory(prefix="check-") as name:
        app = Path(name)
        _write_app(app)
        stack.databases.create("adopted")
        url = stack.address.postgres_url(database="adopted")
        remote = f"--remote={url}?sslmode=disable"
        push = ("db", "push", "--yes", "--include-all", remote)
        supabase(app, *push)
        before = facts(url)
        _install(app)
        supabase(app, *push)
        adopted = facts(url)
        _install(app)
        if "up to date" not in supabase(app, *push):
            raise CheckError("installing it again made something to push")
        printed = _install(app, "--remove")
        rollback = re.search(r"-f (\S+)", printed)
        if rollback is None:
            raise CheckError(f"the way back is not among what the installer prints:\n{printed}")
        with psycopg.connect(url) as database:
            database.execute(Path(rollback[1]).read_bytes())
        if "up to date" not in supabase(app, *push):
            raise CheckError("after the way back there is something to push")
        if left := facts(url) ^ before:
            raise CheckError("\n".join(f"left or lacking after the way back: {fact}" for fact in sorted(left)))
        lacking = {fact for fact in facts(stack.address.postgres_url()) if fact.startswith("routine")} - adopted
        if lacking:
            raise CheckError(
                "\n".join(f"not in the adopted database: {fact.splitlines()[0]}" for fact in sorted(lacking))
            )
        return f"{len(adopted - before)} facts came, and went again"


def _write_app(app: Path) -> None:
    (app / "supabase/migrations").mkdir(parents=True)
    (app / "package.json").write_text('{"dependencies": {"next": "16"}}')
    shutil.copyfile(paths.PROJECT / "supabase/config.toml", app / "supabase/config.toml")
    shutil.copyfile(EXISTING_APP, app / "supabase/migrations/20240101000000_app.sql")
    (app / "supabase/migrations" / NEWEST).write_text("create table public.colleagues (id integer);\n")


def _install(app: Path, *arguments: str) -> str:
    """Run the installer and return what it prints. Raises CheckError when it refuses."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        if installer(["--into", str(app), *arguments]):
            raise CheckError(told.getvalue())
    return told.getvalue()
