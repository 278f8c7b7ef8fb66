"""Patterns of vercel.json mean what they mean on Vercel."""

from pathlib import Path

import pytest

from dev.vercel.project import VercelProject, glob_regex, source_regex


@pytest.mark.parametrize(
    ("pattern", "file", "matches"),
    [
        ("api/*.py", "api/ratings.py", True),
        ("api/*.py", "api/queue/jobs.py", False),
        ("api/**/*.py", "api/ratings.py", True),
        ("api/**/*.py", "api/admin/queue/jobs.py", True),
        ("api/**", "api/admin/queue/jobs.py", True),
        ("api/{ratings,posts}.py", "api/posts.py", True),
        ("api/{ratings,posts}.py", "api/queue.py", False),
        ("api/queue/process.py", "api/queue/process.py", True),
        ("api/queue/process.py", "api/queue/processXpy", False),
        ("api/post?.py", "api/posts.py", True),
    ],
)
def test_a_glob_matches_as_minimatch_does(pattern: str, file: str, matches: bool) -> None:
    """An asterisk stays within a folder; two of them do not."""
    assert bool(glob_regex(pattern).fullmatch(file)) is matches


@pytest.mark.parametrize(
    ("source", "path", "matches"),
    [
        ("/(.*)", "/", True),
        ("/api/(.*)", "/index.html", False),
        ("/((?!api/).*)", "/api/ratings", False),
        ("/((?!api/).*)", "/index.html", True),
        ("/api/:path*", "/api/queue/jobs", True),
        ("/api/:path*", "/api", True),
        ("/api/:one", "/api/queue/jobs", False),
        ("/api/:one", "/api/queue", True),
        ("/(?:a|b)", "/b", True),
    ],
)
def test_a_source_matches_as_path_to_regexp_does(source: str, path: str, matches: bool) -> None:
    """Regular expressions with named parts."""
    assert bool(source_regex(source).fullmatch(path)) is matches


def test_routes_come_from_files(tmp_path: Path) -> None:
    """An index answers for its folder; names with an underscore answer for nothing."""
    for name in ("ratings", "index", "queue/index", "queue/jobs", "_shared", "_lib/code"):
        file = tmp_path / f"api/{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    routes = VercelProject.read(tmp_path).routes
    assert sorted(routes) == ["/api", "/api/queue", "/api/queue/jobs", "/api/ratings"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from starlette import x\n\napp = x()\n", "app"),
        ("from lib.web import endpoint as app\n", "app"),
        ("application: object = 1\n", "application"),
        ("class handler(BaseHTTPRequestHandler):\n", "handler"),
        ("async def app(scope, receive, send):\n", "app"),
    ],
)
def test_the_entry_point_is_found_by_its_name(tmp_path: Path, text: str, name: str) -> None:
    """In the forms that Vercel's builder recognises."""
    (tmp_path / "function.py").write_text(text)
    assert VercelProject.read(tmp_path).entry_point("function.py") == name
