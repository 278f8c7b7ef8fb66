"""What a person does after the files are there, and after they are gone. Printed, never done."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from dev.install import folders
from dev.install.files import base_of, client_of
from dev.install.manifest import Choices, Manifest
from dev.install.migrations import OPTIONAL
from dev.install.plan import Plan
from dev.install.telling import say, show, step
from lib.cli.words import plural

MAX_SHOWN = 20


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
        4, f"Migrations: `supabase db push`{_where(choices)}. They adopt its tables; the old front end goes on working."
    )
    step(5, f"Front end: use {client_of(plan.app)}, or /api/ratings, instead of writing post_ratings and likes.")
    step(
        6, 'Strict, when no old front end is in use any more: this command with ARGS="--add strict_likes", and a push.'
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
        back = " and ".join(f"supabase/rollback/{key.removeprefix(OPTIONAL)}" for key in added)
        say(f"The way back is {back} of this checkout.")
    if f"{OPTIONAL}strict_likes.sql" in added:
        tell_writers(writers, "which is refused after the push")


def _to_push(plan: Plan) -> Iterator[str]:
    if plan.new_migrations:
        yield f"`supabase db push`{_where(plan.choices)}: {plural(len(plan.new_migrations), 'new migration')}."


def _to_deploy(plan: Plan) -> Iterator[str]:
    """Say which project has new code."""
    base, client = base_of(plan.choices), f"{client_of(plan.app)}/"
    code = [name for name in (*plan.write, *plan.delete) if not name.startswith(f"{plan.choices.migrations}/")]
    of_client = [name for name in code if name.startswith(client)]
    if base and any(name.startswith(base) for name in code):
        yield f"Deploy the queue's project, {base}"
    if of_client or (code and not base):
        yield "Deploy the app."


def tell_writers(writers: list[str], what: str) -> None:
    """Name the places that write likes."""
    if not writers:
        return
    say()
    say(f"A search of its text found {plural(len(writers), 'place')} where the app writes likes itself, {what}:")
    for place in writers[:MAX_SHOWN]:
        show(place)
    if len(writers) > MAX_SHOWN:
        show(f"and {len(writers) - MAX_SHOWN} more")


def rewrites(choices: Choices) -> str:
    """Return the part of next.config that leads browsers to the second project."""
    base = f"/api/{choices.prefix}" if choices.prefix else "/api"
    return (
        "async rewrites() {\n"
        '  return ["ratings", "posts"].map((name) => ({\n'
        f"    source: `{base}/${{name}}`,\n"
        "    destination: `${process.env.QUEUE_URL}/api/${name}`,\n"
        "  }));\n"
        "},"
    )


def root_directory(app: Path, choices: Choices) -> str:
    """Return what Vercel calls the Root Directory of the second project: relative to the repository."""
    return (app.relative_to(folders.repository_of(app)) / choices.folder).as_posix()


def after_removal(project: Path, before: Manifest) -> None:
    """Say how the database is rolled back, and how Supabase's history learns of it."""
    versions = [re.split("_", each.installed_as, maxsplit=1)[0] for each in before.migrations.values()]
    say(
        "If the migrations were pushed, the database still has the queue. Roll it back, and tell Supabase's history"
        f"{_where(before.choices)}, in bash or zsh:"
    )
    say()
    show(f'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f {project / "supabase/rollback/migrations.sql"}')
    show(f"supabase migration repair --status reverted {' '.join(in_braces(versions))}")
    say()
    say(
        "Without psql, paste that file into the SQL editor, between `begin;` and `commit;`. If they were never pushed,"
        " there is nothing more to do."
    )


def in_braces(versions: Iterable[str]) -> Iterator[str]:
    """Yield the versions as a shell writes runs of numbers: 2026112616{3501..3559}.

    A number between braces begins with no 0, which an old bash would drop, and is short, which it needs.
    """
    runs = groupby(enumerate(sorted(map(int, versions))), key=lambda each: each[1] - each[0])
    for _, run in runs:
        numbers = [str(number) for _, number in run]
        first, last = numbers[0], numbers[-1]
        if len(numbers) == 1:
            yield first
            continue
        at = next(at for at in range(len(first)) if first[at] != last[at])
        while first[at] == "0":
            at -= 1
        yield f"{first[:at]}{{{first[at:]}..{last[at:]}}}"


def _where(choices: Choices) -> str:
    folder = choices.supabase.rpartition("/")[0]
    return f" in the app's {folder}" if folder else " in the app"
