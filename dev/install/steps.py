"""What a person does after the files are there, and after they are gone. Printed, never done."""

from collections.abc import Iterator
from pathlib import Path

from dev import paths
from dev.install import folders, routes
from dev.install.files import base_of, client_of
from dev.install.manifest import FILE_NAME, Choices, Manifest
from dev.install.migrations import OPTIONAL
from dev.install.plan import Plan
from dev.install.telling import say, show, step
from lib.cli.words import plural

MAX_SHOWN = 20
# From 3 on, commands without it work on the local database.
BEFORE_CLI_3 = "before CLI 3, without `--remote`"


def after_install(plan: Plan, writers: list[str]) -> None:
    """Say in which order an adoption goes on, by the numbers of the sections of docs/adopt.md, which says more."""
    choices = plan.choices
    say("Commit all of it. Then, by the sections of docs/adopt.md, where each step has its way back:")
    say()
    if choices.mode == "two-projects":
        step(
            3,
            "Functions: in Vercel, add a project from the app's repository, with the Root Directory "
            f'"{root_directory(plan.app, choices)}" and the variables of {choices.folder}/queue.env.example. Set its '
            "address as QUEUE_URL in the app's project, where it is read at build time; add to the app's next.config:",
        )
        show(f"\n{rewrites(choices)}\n\n", indent=7)
    else:
        prefix = f", and ROUTE_PREFIX={choices.prefix}" if choices.prefix else ""
        step(3, f"Functions: set the variables of queue.env.example{prefix} in the app's Vercel project, and deploy.")
    step(
        4,
        f"Migrations: `supabase db push --remote`{_where(choices)}, to the linked project ({BEFORE_CLI_3}). They adopt "
        "its tables; the old front end goes on working.",
    )
    prefix = f' with prefix: "{choices.prefix}"' if choices.prefix else ""
    step(
        5,
        f"Front end: use {client_of(plan.app)}{prefix}, or {routes.base_of(choices)}/ratings, instead of writing "
        "post_ratings and likes.",
    )
    step(
        6, 'Strict, when no old front end is in use any more: this command with ARGS="--add strict_likes", and a push.'
    )
    step(
        7,
        "Close the old doors, when no front end writes ratings directly: this command with "
        'ARGS="--add close_direct_ratings", and a push.',
    )
    tell_writers(writers, "to be gone before step 6")


def after_change(plan: Plan, before: Manifest, writers: list[str]) -> None:
    """Say what to push and to deploy after an upgrade or a new optional step."""
    todo = [*_to_push(plan), *_to_deploy(plan)]
    say("Next:" if todo else "There is nothing to push and nothing to deploy.")
    for number, each in enumerate(todo, 1):
        step(number, each)
    known = plan.manifest.migrations if plan.manifest else {}
    added = [key for key in known if key.startswith(OPTIONAL) and key not in before.migrations]
    if added:
        say()
        say("The way back, and then `git revert` of the commit that adds the file, or the next push applies it again:")
        say()
        for key in reversed(added):
            show(rolling_back(paths.PROJECT / "supabase/rollback" / key.removeprefix(OPTIONAL)))
    if f"{OPTIONAL}strict_likes.sql" in added:
        tell_writers(writers, "which is refused after the push")


def _to_push(plan: Plan) -> Iterator[str]:
    if plan.new_migrations:
        number = plural(len(plan.new_migrations), "new migration")
        yield f"`supabase db push --remote`{_where(plan.choices)}: {number} ({BEFORE_CLI_3})."


def _to_deploy(plan: Plan) -> Iterator[str]:
    """Say which project has new code."""
    base, client = base_of(plan.choices), f"{client_of(plan.app)}/"
    other = (f"{plan.choices.migrations}/", FILE_NAME)
    code = [name for name in (*plan.write, *plan.delete) if not name.startswith(other)]
    of_client = [name for name in code if name.startswith(client)]
    if base and any(name.startswith(base) for name in code):
        yield f"Deploy the queue's project, {base.rstrip('/')}."
    if of_client or (code and not base):
        yield "Deploy the app."


def tell_writers(writers: list[str], what: str) -> None:
    """Name the places that write likes."""
    if not writers:
        return
    say()
    say(f"A search found {plural(len(writers), 'place')} where the app writes likes itself, {what}:")
    for place in writers[:MAX_SHOWN]:
        show(place)
    if len(writers) > MAX_SHOWN:
        show(f"and {len(writers) - MAX_SHOWN} more")


def rewrites(choices: Choices) -> str:
    """Return the part of next.config that leads browsers to the second project."""
    base = routes.base_of(choices)
    return (
        "async rewrites() {\n"
        "  const queue = process.env.QUEUE_URL;\n"
        "  if (!queue) return [];\n"
        '  return ["ratings", "posts"].map((name) => ({\n'
        f"    source: `{base}/${{name}}`,\n"
        "    destination: `${queue}/api/${name}`,\n"
        "  }));\n"
        "},"
    )


def root_directory(app: Path, choices: Choices) -> str:
    """Return what Vercel calls the Root Directory of the second project: relative to the repository."""
    return (app.relative_to(folders.repository_of(app)) / choices.folder).as_posix()


def after_removal(project: Path, before: Manifest, uses: list[str]) -> None:
    """Say what of the app's code breaks, and how the database is rolled back."""
    tell_uses(uses)
    first = (
        "first delete the queue's project in Vercel, which would find nothing to call."
        if before.choices.mode == "two-projects"
        else "first deploy the app without it."
    )
    say(
        f"If the migrations were pushed and are not rolled back yet: {first} Then roll the database back, which "
        "also takes them out of Supabase's list of migrations:"
    )
    say()
    show(rolling_back(project / "supabase/rollback/migrations.sql"))
    say()
    say(
        "Without psql, paste that file into the SQL editor, between `begin;` and `commit;`. Otherwise there is nothing "
        "more to do."
    )


def tell_uses(uses: list[str]) -> None:
    """Name the places of the app that use what goes."""
    if not uses:
        return
    file = "This file of the app uses" if len(uses) == 1 else "These files of the app use"
    say(f"{file} what goes. `git revert` of the commits of these steps brings back what was there before:")
    for place in uses:
        show(place)
    say()


def rolling_back(file: Path) -> str:
    """Return the command that runs a file of supabase/rollback."""
    return f'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f {file}'


def _where(choices: Choices) -> str:
    folder = choices.supabase.rpartition("/")[0]
    return f" in the app's {folder}" if folder else " in the app"
