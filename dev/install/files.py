"""Which files of this checkout go into an app, and where they lie there."""

import subprocess
from collections.abc import Iterator, Sequence
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
# One project's /docs/ is the app's: there the description of the API lies where the operators' page is.
DOCS = f"{dashboard.PATH}docs/"
# In the app's repository, where its own .gitignore may know nothing of Python.
IGNORED = """\
# What running the functions makes here.
__pycache__/
# What a local `vercel build` makes here, from requirements.txt.
.vercel/
pyproject.toml
uv.lock
"""
# Of the queue's database, for supabase-js: beside the client.
TYPES = "supabase/types.ts"


def wanted(project: Path, app: Path, choices: Choices) -> dict[str, bytes]:
    """Return the files that the app should have, by path. Migrations are not among them.

    The pages come built, for the app's type checker would read their sources.
    """
    own = choices.mode == "two-projects"
    base = base_of(choices)
    found = {}
    for file in _tracked(project, (*SERVER, *SETTINGS, *(("public/**/*",) if own else ()))):
        name = file.relative_to(project).as_posix()
        if name.startswith(NOT_SERVER):
            continue
        found[base + (name if own else _prefixed(name, choices.prefix))] = file.read_bytes()
    found[f"{base}queue.env.example"] = (project / ".env.example").read_bytes()
    client = client_of(app)
    for file in _tracked(project, (f"{CLIENT}/**/*",)):
        found[f"{client}/{file.relative_to(project / CLIENT).as_posix()}"] = file.read_bytes()
    if (project / TYPES).exists():
        found[f"{client}/database.ts"] = (project / TYPES).read_bytes()
    # They call /api/, which is theirs in a project of their own, whatever prefix the app's rewrites have.
    if (project / "dashboard").is_dir() and (own or not choices.prefix):
        found |= {f"{base}public/{name}": content for name, content in _pages(project, own=own)}
    if own:
        found[f"{base}.gitignore"] = IGNORED.encode()
        found[f"{base}vercel.json"] = vercel_json.for_own_project(project).encode()
    return found


def base_of(choices: Choices) -> str:
    """Return the folder of the app that the functions are in, with a slash; nothing when that is the app's root."""
    return f"{choices.folder}/" if choices.mode == "two-projects" else ""


def client_of(app: Path) -> str:
    """Return the folder of the TypeScript client in the app."""
    return "src/lib/suplatzigram" if (app / "src").is_dir() else "lib/suplatzigram"


def _pages(project: Path, *, own: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the operators' page and the description of the API, by their paths in public/."""
    public = project / "public"
    for file in filter(Path.is_file, sorted(dashboard.build(project).rglob("*"))):
        yield file.relative_to(public).as_posix(), file.read_bytes()
    docs = api_docs.PATH if own else DOCS
    for file in filter(Path.is_file, sorted(api_docs.build(project).rglob("*"))):
        content = file.read_bytes()
        if not own and file.name in ("index.html", "start.js"):
            content = content.replace(b'"/openapi.json', f'"{DOCS}openapi.json'.encode())
            content = content.replace(f'"{api_docs.PATH}'.encode(), f'"{DOCS}'.encode())
        yield f"{docs[1:]}{file.name}", content
    if not own:
        yield f"{DOCS[1:]}openapi.json", (public / "openapi.json").read_bytes()


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
