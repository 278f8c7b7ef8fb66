"""docs/security.md promises nothing that no test holds."""

import re
from pathlib import Path

import pytest

from dev.openapi.description import endpoints
from tests.access.test_attempts import OPEN

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
LINKS = re.findall(r"\]\(([^)\s]+)\)", TEXT)
# The columns of the table in which an authenticator puts "yes", or what stands there instead.
LETS_IN = {
    "anyone": {"stranger", "session, user", "viewer", "admin", "service", "cron"},
    "anyone_with_a_token": {"session, user"},
    "user": {"session, user"},
    "viewer": {"viewer", "admin"},
    "admin": {"admin"},
    "queue_api_token": {"service"},
    "cron_secret": {"cron"},
}


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_each_link_leads_somewhere(link: str) -> None:
    """To a file, and where it names a test, to one that is there."""
    path, _, name = link.partition("#")
    file = (ROOT / "docs" / path).resolve()
    assert file.is_file()
    if name:
        assert re.search(rf"^(async )?def {name}\(", file.read_text(), re.MULTILINE)


def test_each_threat_is_answered_by_tests() -> None:
    """Every paragraph and item of the answers links at least one."""
    answers = TEXT.partition("## Threats and answers")[2].partition("## What is not defended")[0]
    for part in re.split(r"\n(?=- |\*\*)", answers.strip()):
        if not re.fullmatch(r"\*\*[^*]+\*\*\s*", part):
            assert "../tests/" in part, part


def test_the_table_of_routes_is_what_the_routes_do() -> None:
    """Each route and method has its row, and each row is what its authenticator does."""
    lines = TEXT.partition("<!-- routes -->")[2].partition("<!-- /routes -->")[0].strip().splitlines()
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    documented = {row[0].strip("`"): {header[at] for at, cell in enumerate(row) if at and cell} for row in rows}
    served = {
        f"{method} {path}": LETS_IN[(act.authenticate or endpoint.authenticate).__name__]
        for path, _, endpoint in endpoints(ROOT)
        for method, act in endpoint.actions.items()
    }
    assert documented == served


@pytest.mark.parametrize(("column", "who"), [(1, "anon"), (2, "user")])
def test_the_table_of_tables_is_what_attempts_find_open(column: int, who: str) -> None:
    """Each table that a client can read has an entry in its column, and no other has."""
    part = TEXT.partition("| table | anon | authenticated |")[2].partition("\n\n")[0]
    rows = [line.strip().strip("|").split("|") for line in part.strip().splitlines()[1:]]
    documented = {name for row in rows if row[column].strip() for name in re.findall(r"`(\w+)`", row[0])}
    assert documented == {what for client, what, how in OPEN if (client, how) == (who, "read")}
