"""What a person does after the files are there, and after they are gone. Printed, never done."""

import re
from collections.abc import Collection
from pathlib import Path

from dev.install.manifest import Choices, Manifest

SKIPPED = {"node_modules", ".next", ".git", ".vercel"}


def after_install(choices: Choices, writers: list[str]) -> str:
    """Return the order in which an adoption goes on. docs/adopt.md says more."""
    deploy = (
        [
            f'make a second Vercel project from this repository with the Root Directory "{choices.folder}", and set',
            f"its variables as {choices.folder}/queue.env.example says; then add rewrites to the app's next.config:",
            rewrites(choices),
            "and set QUEUE_URL in the app's project, at build time, to the second project's address",
        ]
        if choices.mode == "two-projects"
        else ["set the variables of queue.env.example in the app's Vercel project, and deploy it"]
    )
    if choices.mode == "one-project" and choices.prefix:
        deploy.append(f"and set ROUTE_PREFIX={choices.prefix}")
    lines = ["Next, in this order (docs/adopt.md has each step with its way back):", "  1. functions: " + deploy[0]]
    lines += [f"     {line}" for part in deploy[1:] for line in part.splitlines()]
    lines.append(
        "  2. migrations: `supabase db push` in the app. They adopt its tables; the old front end goes on working"
    )
    lines.append("  3. front end: use /api/ratings instead of writing post_ratings and likes")
    lines.append(
        '  4. strict: the same with ARGS="--add strict_likes", and push, when no old front end is in use any more'
    )
    if writers:
        lines.append("Places that seem to write likes, to be gone before step 4:")
        lines += [f"  {place}" for place in writers]
    return "\n".join(lines)


def rewrites(choices: Choices) -> str:
    """Return the part of next.config that leads browsers to the second project."""
    base = f"/api/{choices.prefix}" if choices.prefix else "/api"
    return (
        "  async rewrites() {\n"
        '    return ["ratings", "posts"].map((name) => ({\n'
        f"      source: `{base}/${{name}}`,\n"
        "      destination: `${process.env.QUEUE_URL}/api/${name}`,\n"
        "    }));\n"
        "  },"
    )


def after_removal(project: Path, before: Manifest) -> str:
    """Return how the database is rolled back, and how Supabase's history learns of it."""
    versions = [re.split("_", each.installed_as, maxsplit=1)[0] for each in before.migrations.values()]
    rollback = project / "supabase/rollback/migrations.sql"
    return "\n".join(
        [
            "The database still has the queue, if it was pushed. Roll it back, and tell Supabase's history:",
            f'  psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f {rollback}',
            f"  supabase migration repair --status reverted {' '.join(versions)}",
            "(Without psql: paste that file into the SQL editor, between `begin;` and `commit;`.)",
        ]
    )


def writers_of_likes(app: Path, ours: Collection[str]) -> list[str]:
    """Return where the app's code seems to write likes itself: what the transition ignores and strict refuses.

    ours: files that were installed.
    """
    found = []
    for file in sorted(app.rglob("*")):
        inside = file.relative_to(app)
        if file.suffix not in {".js", ".jsx", ".ts", ".tsx", ".mjs"} or SKIPPED & set(inside.parts):
            continue
        if inside.as_posix() in ours:
            continue
        lines = file.read_text(errors="replace").splitlines()
        found += [f"{inside}:{number}: {line.strip()[:100]}" for number, line in enumerate(lines, 1) if _writes(line)]
    return found[:20]


def _writes(line: str) -> bool:
    """A key of an object literal, not a type: `likes: number` and `likes?:` are declarations."""
    return re.search(r"\blikes\s*:(?!\s*(number|bigint|string)\b)", line) is not None
