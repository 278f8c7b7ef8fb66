"""`vercel build` of a Next.js app with the queue in it, as the installer puts it there.

`beside_next` shows one project: Next.js and our functions beside it. Its routes have the rewrites of two projects too.
`own_folder` shows the second of two projects: the queue in a folder of the app.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev import paths
from dev.check import front_end
from dev.check.bundle import Function, built_functions, problems_of
from dev.check.commands import CheckError
from dev.check.deployment import expected_routes, problems_of_static, vercel_build
from dev.install.disk import carry_out
from dev.install.manifest import Choices, Mode
from dev.install.plan import for_install

NEXT_APP = Path(__file__).with_name("next_app")
QUEUE_URL = "https://queue.example.com"
# What one project shows at a path that is no file. Next.js takes a slash away from the end, unless told otherwise.
PAGES = {
    "/admin/queue": "/admin/queue/index.html",
    "/admin/queue/": "/admin/queue/index.html",
    "/admin/queue/jobs": "/admin/queue/index.html",
    "/admin/queue/docs": "/admin/queue/docs/index.html",
    "/admin/queue/docs/": "/admin/queue/docs/index.html",
}
# Of the app's: must neither be published nor get into a function of ours.
DECOYS = (
    ".env.local",
    "docs/decoy.md",
    "hooks/decoy.ts",
    "lib/decoy.ts",
    "styles/decoy.css",
    "decoy.toml",
    "notes.txt",
)
# What Next.js publishes by itself, besides public/.
PUBLISHED = ("_next/", "404", "500", "_global-error", "_not-found")


def beside_next() -> str:
    """Install into a copy of the app, take the document's front end, build it, and look at what came out."""
    with _installed("one-project") as app:
        front_end.put_into(app)
        vercel_build(app, "nextjs", QUEUE_URL=QUEUE_URL, NEXT_TELEMETRY_DISABLED="1", **front_end.ENVIRONMENT)
        functions = built_functions(app)
        problems = [*_of_functions(app, functions), *_of_output(app), *front_end.problems_of_page(app)]
        if problems:
            raise CheckError("\n".join(sorted(problems)))
        ours = [function for function in functions if function.settings.get("runtime") == "python3.12"]
        return f"{len(ours)} functions of ours beside {len(functions) - len(ours)} of Next.js"


def own_folder() -> str:
    """Install into a copy of the app, and build the queue's folder as a project of its own."""
    with _installed("two-projects") as app:
        queue = app / "queue"
        vercel_build(queue)
        functions = built_functions(queue)
        problems = [f"not built: {route}" for route in expected_routes(queue) - {each.route for each in functions}]
        for function in functions:
            problems += problems_of(function, queue)
        problems += problems_of_static(queue)
        if problems:
            raise CheckError("\n".join(sorted(problems)))
        return f"{len(functions)} functions in a folder of the app"


@contextmanager
def _installed(mode: Mode) -> Iterator[Path]:
    """Yield a copy of the app with the queue in it, and files that must not be deployed."""
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        # Resolved, because Vercel's paths are (macOS: /var is a link).
        app = Path(name).resolve() / "app"
        shutil.copytree(NEXT_APP, app, ignore=shutil.ignore_patterns("node_modules", ".next", ".vercel"))
        for decoy in DECOYS:
            (app / decoy).parent.mkdir(parents=True, exist_ok=True)
            (app / decoy).write_text("")
        plan = for_install(paths.PROJECT, app, Choices(mode=mode), datetime.now(UTC))
        if plan.problems or plan.notes:
            raise CheckError("\n".join([*plan.problems, *plan.notes]))
        carry_out(plan)
        yield app


def _of_functions(app: Path, functions: list[Function]) -> list[str]:
    """Say which functions are missing, which are not what they should be, and what ours carry of the app's."""
    ours = expected_routes(app)
    built = {function.route: function for function in functions}
    problems = [f"not built: {route}" for route in (ours | {"api/hello", "index"}) - built.keys()]
    for route, function in built.items():
        is_python = str(function.settings.get("runtime", "")).startswith("python")
        if is_python != (route in ours):
            problems.append(f"{route}: runs {function.settings.get('runtime')}")
        if route in ours:
            problems += problems_of(function, app)
            own = (name for name in function.files if name.startswith(("api/", "lib/")))
            problems += [f"{route}: carries {name}" for name in own if not name.endswith((".py", ".pyc"))]
    return problems


def _of_output(app: Path) -> list[str]:
    """Say what is published by mistake, and which of crons, headers and rewrites are missing."""
    output = app / ".vercel/output"
    config = json.loads((output / "config.json").read_text())
    routes = config["routes"]
    published = (f.relative_to(output / "static").as_posix() for f in (output / "static").rglob("*") if f.is_file())
    problems = [
        f"published by mistake: {name}"
        for name in published
        if not name.startswith(PUBLISHED) and not (app / "public" / name).exists()
    ]
    if not (output / "static/robots.txt").exists():
        problems.append("not published: public/robots.txt")
    if config.get("crons") != [{"path": "/api/queue/process", "schedule": "* * * * *"}]:
        problems.append(f"crons: {config.get('crons')}")
    problems += [
        f"no rewrite leads /api/{name} to the second project"
        for name in ("ratings", "posts")
        if not any(str(route.get("dest", "")).startswith(f"{QUEUE_URL}/api/{name}") for route in routes)
    ]
    problems += [
        f"{path} leads to {led_to(routes, path)}, and should to {page}"
        for path, page in PAGES.items()
        if led_to(routes, path) != page or not (output / f"static{page}").exists()
    ]
    secured = [route["src"] for route in routes if "Content-Security-Policy" in route.get("headers", {})]
    if not secured or not all(source.startswith(("^/api(", "^/admin/queue(")) for source in secured):
        problems.append(f"our headers are for {secured}, and should be for our routes")
    return problems


def led_to(routes: list[dict[str, Any]], path: str) -> str | None:
    """Return where a path leads that is no file: the first rewrite after the files have been asked."""
    after_files = routes[next(at for at, route in enumerate(routes) if route.get("handle") == "filesystem") :]
    return next(
        (str(route["dest"]) for route in after_files if "dest" in route and re.fullmatch(route["src"], path)), None
    )
