"""What README.md, docs/ and comments refer to exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = [
    file
    for folder in ("api", "lib", "supabase")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in (".py", ".sql")
]
PAGES = [
    ROOT / "README.md",
    ROOT / "CLAUDE.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "DIAGNOSTIC_FINDINGS.md",
    ROOT / "SECURITY.md",
    ROOT / "CHANGELOG.md",
    ROOT / "dev/README.md",
    *sorted((ROOT / "clients").rglob("README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FOLDERS = "api|bench|dev|docs|lib|public|supabase|tests"
# Examples, and files of other projects. docs/extend.md shows how to write the first ones.
ELSEWHERE = {
    *("lib/jobs/announce_comment.py", "tests/jobs/test_announce_comment.py"),
    *(
        "supabase/migrations/20270105090000_announce_comment_type.sql",
        "supabase/migrations/20270105090100_announce_comment.sql",
    ),
    *("lib/jobs/congratulate_authors.py", "tests/jobs/test_congratulate_authors.py"),
    *(
        "supabase/migrations/20270105090200_congratulate_authors_type.sql",
        "supabase/migrations/20270105090300_congratulate_authors.sql",
    ),
    *("lib/db/_sorts.pyx", "lib/suplatzigram", "lib/supabase/client.ts"),
    "public/admin/queue/",  # built, and in no clone
}


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings; of Python code, the names of its functions."""
    if page.suffix == ".py":
        return set(re.findall(r"^(?:async )?def (\w+)\(", page.read_text(), re.MULTILINE))
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path) -> list[str]:
    """Return the relative links that lead to no file, or to no heading or function of one."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


def missing_paths(page: Path) -> list[str]:
    """Return the paths of this repository that a page names in code, and that do not exist.

    A route such as /api/posts is no path. A page may name a file of its own folder's rooms, as dev/README.md does.
    """
    named = re.findall(rf"(?<![\w/.@-])((?:{FOLDERS})/[\w./*-]+)", page.read_text())
    return [
        path
        for path in dict.fromkeys(name.rstrip(".") for name in named)
        if path not in ELSEWHERE and not any(list(base.glob(path)) for base in (ROOT, page.parent))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_refers_to_exists(page: Path) -> None:
    """Files move; a page that names the old place sends its reader to nothing."""
    assert (broken_links(page), missing_paths(page)) == ([], [])


def test_what_comments_refer_to_exists() -> None:
    """Each move of a module left comments behind that named the old place."""
    missing = {file.relative_to(ROOT).as_posix(): missing_paths(file) for file in CODE}
    assert {file: paths for file, paths in missing.items() if paths} == {}


def test_a_broken_reference_is_found(tmp_path: Path) -> None:
    """A check that cannot fail proves nothing."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A title\n[a](gone.md) [b](#a-title) [c](#no-title) [d](https://x.org) `lib/gone.py` `/api/gone` `lib/*.py`\n"
    )
    assert broken_links(page) == ["gone.md", "#no-title"]
    assert missing_paths(page) == ["lib/gone.py"]
