"""An app that has the queue, for the walk of docs/extend.md: the types come by an upgrade, and go with the queue."""

from pathlib import Path

import psycopg

from dev import paths
from dev.check.commands import CheckError, run
from dev.supabase import Stack, migrations

MIGRATIONS = Path("supabase/migrations")
EXISTING_APP = Path("tests/sql/existing_app.sql")
FIRST_MIGRATION = "20240101000000_app.sql"
# As somebody would who adds a type in the app itself.
OWN_PAGE, OWN_MIGRATION = Path("queue/lib/jobs/of_the_app.py"), "20991231000000_of_the_app.sql"


def make(folder: Path, *arguments: str) -> None:
    """Run make with these arguments, without its set-up: this .venv is the checkout's, and fits.

    ARGS, because `make check ARGS=extend` hands its own on.
    """
    run(["make", "--old-file=setup", "ARGS=", *arguments], cwd=folder)


def make_app(copy: Path, app: Path) -> list[str]:
    """Make an app that has the queue as it is, and a type of its own in it. Return its migrations."""
    (app / MIGRATIONS).mkdir(parents=True)
    (app / "package.json").write_text('{"dependencies": {"next": "16"}}')
    # The tests of the checkout have the text of a comment in body.
    existing = (paths.PROJECT / EXISTING_APP).read_text().replace("body", "content")
    (app / MIGRATIONS / FIRST_MIGRATION).write_text(existing)
    make(copy, "install-into", f"DIR={app}")
    (app / OWN_PAGE).write_text("# The app's own.\n")
    (app / MIGRATIONS / OWN_MIGRATION).write_text("alter type public.job_type add value if not exists 'of_the_app';\n")
    return migrations_of(app)


def adopt(copy: Path, app: Path, stack: Stack, installed: list[str], written: list[str]) -> int:
    """Install again: the types come after all that is there, and the app's own stays. Apply that, and go the way back.

    written: the files of the page. Return how many migrations came.
    """
    make(copy, "install-into", f"DIR={app}")
    pages = [OWN_PAGE, *(Path("queue") / name for name in written if name.startswith("lib/jobs/"))]
    if missing := [str(page) for page in pages if not (app / page).is_file()]:
        raise CheckError(f"after the upgrade the app lacks {missing}")
    now = migrations_of(app)
    new = now[len(installed) :]
    names = [name.partition("_")[2] for name in new]
    due = [Path(name).name.partition("_")[2] for name in written if Path(name).parent == MIGRATIONS]
    if now[: len(installed)] != installed or names != [*due, "expected_schema.sql"]:
        raise CheckError(f"the upgrade brought {names} behind {now[len(installed) - 1]}")
    stack.databases.create("adopted")
    url = stack.address.postgres_url(database="adopted")
    with psycopg.connect(url, autocommit=True) as db:
        before = left_in(db)
        migrations.apply_pending(url, app)
        ask(db)
        db.execute((copy / "supabase/rollback/migrations.sql").read_bytes())
        if left := sorted(left_in(db) - before):
            raise CheckError(f"the way back leaves {left}")
    return len(new)


def ask(db: psycopg.Connection) -> None:
    """Add a comment in the adopted database, and see that it asks for one job with it."""
    added = "insert into comments (post_id, content) select id, %s from posts_new limit 1 returning id::text"
    ids = [row for text in ("Nice", "") for row in db.execute(added, [text])]
    jobs = db.execute("select payload from background_jobs where job_type = 'announce_comment'").fetchall()
    if jobs != [({"comment_id": ids[0][0], "text": "Nice"},)]:
        raise CheckError(f"in the adopted database the comments {ids} asked for {jobs}")


def left_in(db: psycopg.Connection) -> set[str]:
    """Return what a way back could leave: functions, triggers, and applied migrations but the app's two."""
    rows = db.execute("""
        select 'function ' || p.proname from pg_proc as p where p.pronamespace = 'public'::regnamespace
        union all
        select 'trigger ' || t.tgname from pg_trigger as t
        where t.tgrelid = to_regclass('public.comments') and not t.tgisinternal
    """).fetchall()
    if db.execute("select to_regclass('supabase_migrations.schema_migrations')").fetchone() != (None,):
        rows += db.execute(
            "select 'migration ' || version || '_' || name from supabase_migrations.schema_migrations"
            " where version || '_' || name || '.sql' <> all (%s)",
            [[FIRST_MIGRATION, OWN_MIGRATION]],
        ).fetchall()
    return {name for (name,) in rows}


def migrations_of(app: Path) -> list[str]:
    """Return the names of the app's migrations, in their order."""
    return sorted(file.name for file in (app / MIGRATIONS).glob("*.sql"))
