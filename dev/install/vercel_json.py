"""vercel.json for one project that is both the Next.js app and the queue.

`"framework": null`, as the queue alone has it, would publish no Next.js at all and its sources as static files. So:
Next.js, its own build and installation, and our functions, crons and headers beside it.
"""

import json
from pathlib import Path
from typing import Any

from dev.errors import StackError

# Vercel puts every file of the project into a Python function but these. Only api/, lib/ and what pip needs are left.
EXCLUDED = "{.*,.*/**,!(api|lib)/**,!(requirements.txt|pyproject.toml|uv.lock),{api,lib}/**/!(*.py)}"


def for_one_project(project: Path, prefix: str, original: str | None) -> str:
    """Return the app's vercel.json with ours in it. Raises StackError when the two cannot be one."""
    ours: dict[str, Any] = json.loads((project / "vercel.json").read_text())
    try:
        merged: dict[str, Any] = json.loads(original) if original else {"$schema": ours["$schema"]}
    except json.JSONDecodeError as broken:
        raise StackError(f"the app's vercel.json is not JSON: {broken}") from broken
    if merged.setdefault("framework", "nextjs") != "nextjs":
        raise StackError('the app\'s vercel.json has another "framework" than "nextjs": use --mode two-projects')
    if "builds" in merged:
        raise StackError('the app\'s vercel.json has "builds", which excludes "functions": use --mode two-projects')
    base = f"/api/{prefix}" if prefix else "/api"
    ((_, function),) = ours["functions"].items()
    # The first pattern that matches wins whole, so ours comes first.
    pattern = f"{base[1:]}/**/*.py"
    merged["functions"] = {pattern: function | {"excludeFiles": EXCLUDED}} | merged.get("functions", {})
    crons = [cron | {"path": base + cron["path"].removeprefix("/api")} for cron in ours["crons"]]
    merged["crons"] = [*(cron for cron in merged.get("crons", []) if cron not in crons), *crons]
    build_env = merged.setdefault("build", {}).setdefault("env", {})
    build_env |= ours["build"]["env"]
    merged["headers"] = [*merged.get("headers", []), *_headers(ours, base)]
    merged["rewrites"] = [*_rewrites(ours, base), *merged.get("rewrites", [])]
    return json.dumps(merged, indent=2) + "\n"


def for_own_project(project: Path) -> str:
    """Return vercel.json for a project of the queue alone, whose page is built already."""
    ours: dict[str, Any] = json.loads((project / "vercel.json").read_text())
    functions = {pattern: settings | {"excludeFiles": EXCLUDED} for pattern, settings in ours["functions"].items()}
    return json.dumps(ours | {"buildCommand": "", "installCommand": "", "functions": functions}, indent=2) + "\n"


def _headers(ours: dict[str, Any], base: str) -> list[dict[str, Any]]:
    """Our headers, for our routes only: the other pages are the app's."""
    rules = {rule["source"]: rule["headers"] for rule in ours["headers"]}
    everywhere, pages, api = rules["/(.*)"], rules["/((?!api/).*)"], rules["/api/(.*)"]
    if base != "/api":
        return [{"source": f"{base}/(.*)", "headers": everywhere + api}]
    return [
        {"source": "/api/(ratings|posts|queue/.*|admin/queue/.*|health/queue)", "headers": everywhere + api},
        {"source": "/admin/queue(/.*)?", "headers": everywhere + pages},
        *(rule for rule in ours["headers"] if rule["source"].startswith("/admin/queue/")),
    ]


def _rewrites(ours: dict[str, Any], base: str) -> list[dict[str, str]]:
    """The two pages, also without a slash at their end, which Next.js takes away."""
    if base != "/api" or not ours.get("rewrites"):
        return []
    pages = {"/admin/queue": "/admin/queue/index.html", "/admin/queue/docs{/}?": "/admin/queue/docs/index.html"}
    return [*({"source": path, "destination": file} for path, file in pages.items()), *ours["rewrites"]]
