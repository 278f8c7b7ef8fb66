"""Where things are: the app's folder, its repository, and its supabase/, which in a monorepo lies elsewhere.

Each wrong folder gets an answer that names the right one, where it can be seen.
"""

import json
import os
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from dev.errors import StackError

# How deep a monorepo keeps its apps: apps/web, packages/apps/web.
DEPTH = 3
SKIPPED = {"node_modules", ".next", ".git", ".vercel"}


def app_at(given: Path, checkout: Path) -> Path:
    """Return the folder of a Next.js app. Raises StackError, with what to give instead, when it is none."""
    app = given.resolve()
    if not app.is_dir():
        raise StackError(f"{app} is not there: DIR is the folder of the Next.js app")
    if app.is_relative_to(checkout):
        raise StackError(f"{app} is the queue's own checkout: DIR is the folder of the Next.js app, such as ../app")
    if is_app(app):
        return app
    if above := next((folder for folder in app.parents if is_app(folder)), None):
        raise StackError(f"{app} is a folder of an app: give the app itself, DIR={_said(above)}")
    if below := apps_below(app):
        raise StackError(
            f"{app} is no Next.js app, but has some: give {' or '.join(f'DIR={_said(each)}' for each in below)}"
        )
    if (app / "package.json").exists():
        raise StackError(f"{app}/package.json does not depend on next: it is not the folder of a Next.js app")
    raise StackError(f"{app} has no package.json: it is not the folder of a Next.js app")


def is_app(folder: Path) -> bool:
    """Whether its package.json names next. Raises StackError when that is no JSON."""
    file = folder / "package.json"
    if not file.is_file():
        return False
    try:
        package = json.loads(file.read_text())
    except json.JSONDecodeError as broken:
        raise StackError(f"{file} is not JSON: {broken}") from broken
    kinds = ("dependencies", "devDependencies", "peerDependencies")
    return isinstance(package, dict) and any("next" in (package.get(kind) or {}) for kind in kinds)


def apps_below(folder: Path) -> list[Path]:
    """Return the Next.js apps of a monorepo."""
    found = []
    for place, folders, files in folder.walk():
        deep = len(place.relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if name not in SKIPPED and deep < DEPTH)
        if "package.json" in files and is_app(place):
            found.append(place)
    return found


def repository_of(app: Path) -> Path:
    """Return the root of the repository that has the app; the app itself when there is none."""
    return next((folder for folder in (app, *app.parents) if (folder / ".git").exists()), app)


def supabase_of(app: Path) -> str:
    """Return where the app's supabase/ is, relative to the app: in it, or above it in its repository."""
    root = repository_of(app)
    for folder in (app, *app.parents):
        supabase = folder / "supabase"
        if (supabase / "migrations").is_dir() or (supabase / "config.toml").is_file():
            return Path(os.path.relpath(supabase, app)).as_posix()
        if folder == root:
            break
    return "supabase"


def others_in(folder: Path, ours: Collection[str]) -> list[str]:
    """Return what a folder has besides our files, and what Python made of those, by its names in the folder."""
    return sorted(
        {
            file.relative_to(folder).parts[0]
            for file in folder.rglob("*")
            if file.is_file() and "__pycache__" not in file.parts and file.relative_to(folder).as_posix() not in ours
        }
    )


def ignored_by_git(app: Path, names: Sequence[str]) -> list[str]:
    """Return those files that the app's .gitignore leaves out; not one where there is no repository."""
    asked = subprocess.run(
        ["git", "-c", "safe.directory=*", "check-ignore", "--stdin", "-z", "--no-index"],
        cwd=app,
        input="\0".join(names),
        capture_output=True,
        text=True,
        check=False,
    )
    return [name for name in asked.stdout.split("\0") if name]


def _said(folder: Path) -> str:
    """As one would type it."""
    near = os.path.relpath(folder)
    return near if len(near) < len(str(folder)) else str(folder)
