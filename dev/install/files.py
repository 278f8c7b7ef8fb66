"""Which files of this checkout go into an app, and where they lie there."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from dev import api_docs, dashboard
from dev.install import vercel_json
from dev.install.manifest import Choices

# What the functions are made of.
SERVER = ("api/**/*.py", "lib/**/*.py")
# The command line stays in this checkout: operators run it, and no route does.
NOT_SERVER = "lib/cli/"
# One project's root has these; a queue in a folder of its own has its public pages too.
SETTINGS = ("requirements.txt", ".python-version")
CLIENT = "clients/typescript/src"
# Of the queue's database, for supabase-js: beside the client.
TYPES = "supabase/types.ts"


def wanted(project: Path, app: Path, choices: Choices) -> dict[str, bytes]:
    """Return the files that the app should have, by path. Migrations are not among them.

    The operators' page comes built, for the app's type checker would read its sources; it knows no prefix.
    """
    own = choices.mode == "two-projects"
    base = f"{choices.folder}/" if own else ""
    found = {}
    for file in _tracked(project, (*SERVER, *SETTINGS, *(("public/**/*",) if own else ()))):
        name = file.relative_to(project).as_posix()
        if name.startswith(NOT_SERVER):
            continue
        found[base + (name if own else _prefixed(name, choices.prefix))] = file.read_bytes()
    found[f"{base}queue.env.example"] = (project / ".env.example").read_bytes()
    client = "src/lib/suplatzigram" if (app / "src").is_dir() else "lib/suplatzigram"
    for file in _tracked(project, (f"{CLIENT}/**/*",)):
        found[f"{client}/{file.relative_to(project / CLIENT).as_posix()}"] = file.read_bytes()
    if (project / TYPES).exists():
        found[f"{client}/database.ts"] = (project / TYPES).read_bytes()
    if (project / "dashboard").is_dir() and not choices.prefix:
        page = dashboard.build(project)
        for file in filter(Path.is_file, sorted(page.rglob("*"))):
            found[f"{base}{file.relative_to(project).as_posix()}"] = file.read_bytes()
        if own:
            for file in filter(Path.is_file, sorted(api_docs.build(project).rglob("*"))):
                found[f"{base}{file.relative_to(project).as_posix()}"] = file.read_bytes()
    if own:
        found[f"{base}vercel.json"] = vercel_json.for_own_project(project).encode()
    return found


def changed(project: Path, choices: Choices, original: str | None) -> dict[str, bytes]:
    """Return the files of the app that get more of ours; original: the app's own vercel.json, if it has one."""
    if choices.mode == "two-projects":
        return {}
    return {"vercel.json": vercel_json.for_one_project(project, choices.prefix, original).encode()}


def _prefixed(name: str, prefix: str) -> str:
    """api/posts.py under a prefix is api/<prefix>/posts.py; lib/ stays."""
    return f"api/{prefix}/{name.removeprefix('api/')}" if prefix and name.startswith("api/") else name


def _tracked(project: Path, patterns: Sequence[str]) -> list[Path]:
    """Return the files of these patterns that the checkout's history has: no cache, no local secret."""
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    globs = [f":(glob){pattern}" for pattern in patterns]
    listed = subprocess.run([*git, *globs], cwd=project, capture_output=True, text=True, check=True).stdout
    return [project / name for name in sorted(filter(None, listed.split("\0"))) if (project / name).is_file()]
