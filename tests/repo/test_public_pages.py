"""The static pages under the headers that vercel.json gives them."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ROOT / "public"
# What the build command puts into public/, by the address of its page.
BUILT = {
    "/admin/queue/": "dashboard/index.html",
    "/docs/": "dashboard/api-docs/index.html",
    "/docs/start.js": "dashboard/api-docs/start.js",
    **{f"/docs/{name}": "dashboard/api-docs/build.mjs" for name in ("swagger-ui.css", "swagger-ui-bundle.js")},
}
PAGES = [*sorted(PUBLIC.rglob("*.html")), ROOT / "dashboard/api-docs/index.html"]


def headers_of(path: str) -> dict[str, str]:
    """Return what vercel.json adds to the replies of a path."""
    rules = json.loads((ROOT / "vercel.json").read_text())["headers"]
    matching = [rule for rule in rules if re.fullmatch(rule["source"], path)]
    return {header["key"]: header["value"] for rule in matching for header in rule["headers"]}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/index.css",
        "/admin/queue/",
        "/admin/queue/assets/index-x.js",
        "/docs/",
        "/api/ratings",
        "/api/health/queue",
    ],
)
def test_every_reply_has_the_security_headers(path: str) -> None:
    """One rule for all paths, and exactly one content security policy for each."""
    headers = headers_of(path)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"]
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_api_serves_nothing_that_a_browser_may_run() -> None:
    """A reply that were ever taken for a page could load nothing."""
    assert "default-src 'none'" in headers_of("/api/ratings")["Content-Security-Policy"]


def test_pages_run_scripts_of_their_own_origin_only() -> None:
    """A dashboard below public/ works; injected script does not."""
    policy = headers_of("/admin/queue/jobs")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "connect-src" not in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy


def test_there_is_a_page() -> None:
    """With nothing in public/, Vercel publishes the whole repository as static files."""
    assert PUBLIC / "index.html" in PAGES


def test_the_front_page_lists_the_routes() -> None:
    """All of them, and none that is gone."""
    listed = re.findall(r"<td><code>(/api/[\w/]+)</code>", (PUBLIC / "index.html").read_text())
    routes = [file.relative_to(ROOT).with_suffix("").as_posix() for file in (ROOT / "api").rglob("*.py")]
    assert sorted(listed) == sorted(f"/{route}" for route in routes if "/_" not in route)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_keep_to_their_policy(page: Path) -> None:
    """Inline scripts and styles would be blocked, silently for whoever wrote them."""
    html = page.read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_links_to_exists(page: Path) -> None:
    """Static files are in public/, everything else of the own origin is a route. The dashboard is built there later."""
    for link in re.findall(r'(?:href|src)="(/[^"#?]*)', page.read_text()):
        if link in BUILT:
            found = [ROOT / BUILT[link]]
        else:
            found = [PUBLIC / link[1:], PUBLIC / link[1:] / "index.html", ROOT / f"{link[1:]}.py"]
        assert any(file.is_file() for file in found), link
