"""`vercel build` of a copy of the checkout, without an account, and what it made.

The copy gets files that must not be deployed, so that leaving them out is shown and not assumed.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from dev import paths, toolchain
from dev.check.bundle import LIMIT_MB, Function, built_functions, problems_of, problems_of_lock
from dev.check.commands import CheckError, npm_tool, run, tool

DECOYS = (
    ".env",
    ".env.local",
    "lib/.env.local",
    "api/queue/.env",
    "dev/decoy.py",
    "docs/decoy.md",
    "tests/decoy.py",
    "decoy.toml",
)
PROJECT_JSON = {"projectId": "prj_x", "orgId": "team_x"}


def build() -> str:
    """Build a copy; check that each route is a function with all that it needs and no more."""
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        # Resolved, because Vercel's paths are (macOS: /var is a link).
        folder = Path(name).resolve() / "copy"
        copy_checkout(folder)
        routes = expected_routes(folder)
        if not routes:
            return "no routes yet"
        vercel_build(folder)
        functions = built_functions(folder)
        problems = [f"not built: {route}" for route in routes - {f.route for f in functions}]
        for function in functions:
            problems += problems_of(function, folder)
        problems += problems_of_static(folder) + problems_of_lock(folder)
        if not problems:
            import_every_route(functions[0], routes, Path(name, "function"))
        if problems:
            raise CheckError("\n".join(sorted(problems)))
        largest = max(function.size_mb for function in functions)
        return f"{len(functions)} functions, at most {largest:.0f} MB of {LIMIT_MB}"


def copy_checkout(folder: Path) -> None:
    """Copy what a commit of the checkout would hold, plus the decoys."""
    copy_tracked(folder)
    for decoy in DECOYS:
        target = folder / decoy
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("")


def copy_tracked(folder: Path) -> None:
    """Copy what a commit of the checkout would hold."""
    # git refuses a checkout of another owner because of its hooks. No hook runs here.
    git = ["git", "-c", "safe.directory=*"]
    listed = run([*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    for name in filter(None, listed.split("\0")):
        source, target = paths.PROJECT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def expected_routes(folder: Path) -> set[str]:
    """Return the routes that the files of api/ stand for. A file whose name starts with _ is no route."""
    files = (file.relative_to(folder) for file in (folder / "api").rglob("*.py"))
    return {
        file.with_suffix("").as_posix() for file in files if not any(part.startswith(("_", ".")) for part in file.parts)
    }


def vercel_build(folder: Path, framework: str | None = None, **variables: str) -> None:
    """Run `vercel build` with what vercel.json sets for the build, and these variables."""
    link = folder / ".vercel" / "project.json"
    link.parent.mkdir()
    link.write_text(json.dumps(PROJECT_JSON | {"settings": {"framework": framework}}))
    settings = json.loads((folder / "vercel.json").read_text())
    # .venv's own Python will not do: the build wants the one it was made from.
    search = [Path(sys.base_exec_prefix) / "bin", tool("uv").parent, toolchain.search_path()]
    env = {k: v for k, v in os.environ.items() if not k.startswith(("VERCEL", "VIRTUAL_ENV"))}
    env |= {"PATH": os.pathsep.join(map(str, search)), "UV_PYTHON_DOWNLOADS": "never"}
    env |= {"VERCEL_TELEMETRY_DISABLED": "1", "NO_UPDATE_NOTIFIER": "1"}
    env |= settings.get("build", {}).get("env", {}) | variables
    if not os.access(Path.home(), os.W_OK):
        env.setdefault("UV_CACHE_DIR", str(paths.cache_home() / "uv"))
    env["npm_config_cache"] = str(paths.cache_home() / "npm")
    login = folder.parent / "login"
    login.mkdir()
    run(
        [*npm_tool("vercel"), "build", "--yes", f"--global-config={login}"],
        cwd=folder,
        env=env,
    )


def problems_of_static(folder: Path) -> list[str]:
    """Say what the build would publish besides the files of public/."""
    published = folder / ".vercel" / "output" / "static"
    made = {file.relative_to(published) for file in published.rglob("*") if file.is_file()}
    meant = {f.relative_to(folder / "public") for f in (folder / "public").rglob("*") if f.is_file()}
    meant |= {Path("index.html"), Path("openapi.json"), Path("admin/queue/index.html")}
    return [f"published by mistake: {file}" for file in made - meant] + [
        f"not published: public/{file}" for file in meant - made
    ]


def import_every_route(function: Function, routes: set[str], place: Path) -> None:
    """Import each route with nothing on the path but a function's own files."""
    for name, source in function.files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
    script = (
        "import runpy, sys\n"
        "sys.path[:0] = ['.', '_vendor']\n"
        "for route in sys.argv[1:]:\n"
        "    if 'app' not in runpy.run_path(route): sys.exit(f'{route} defines no app')\n"
    )
    python = Path(sys.base_exec_prefix) / "bin" / "python3.12"
    files = [f"{route}.py" for route in sorted(routes)]
    # -S: without the packages of the Python itself. An empty environment: a missing variable is
    # for a request to report, never for an import to fail on.
    run([python, "-I", "-S", "-B", "-c", script, *files], cwd=place, env={})
