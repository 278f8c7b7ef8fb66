"""`make rehearse` tells what an adoption changes, on a database like the app's, and proves the way back."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from dev.errors import StackError
from dev.rehearse.__main__ import app_files, rehearse, show_remains
from dev.rehearse.scripts import parts
from tests.conftest import Clones
from tests.sql.adopting import EXISTING_APP, new_project

DUMP = r"""
\restrict abc
set check_function_bodies = false;
COPY public.posts_new (id, caption, likes) FROM stdin;
00000000-0000-0000-0000-00000000000a	from a	70
00000000-0000-0000-0000-00000000000b	\N	0
\.

insert into public.post_ratings (post_id, session_id) values ('00000000-0000-0000-0000-00000000000a', 'session-d');
\unrestrict abc
"""


@pytest.fixture
def url(clones: Clones, request: pytest.FixtureRequest) -> Iterator[str]:
    """A new database."""
    with new_project(clones, request) as url:
        yield url


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app with migrations, a seed and a dump."""
    folder = tmp_path / "supabase/migrations"
    folder.mkdir(parents=True)
    (folder / "20240101000000_app.sql").write_bytes(EXISTING_APP.read_bytes())
    (tmp_path / "supabase/seed.sql").write_text("insert into public.posts_new (caption, likes) values ('seeded', 3);")
    (tmp_path / "dump.sql").write_text(DUMP)
    return tmp_path


def test_it_says_what_changes_and_that_the_way_back_leaves_nothing(app: Path, url: str) -> None:
    """Rows, counts, the schema of the app's tables, and what the doctor finds before and after."""
    told = io.StringIO()
    assert rehearse(Console(file=told, width=400, highlight=False), url, app, app / "dump.sql") == 0
    report = told.getvalue()
    for line in (
        "3 files of the app: ",
        "2 rows of post_ratings moved to queue_private.repaired_rows: a second rating of the same session",
        "4 of them were higher, by 85 likes",
        "what clients write to likes is ignored and counted",
        "+ constraint of post_ratings: alter table public.post_ratings add constraint",
        "- anon on posts_new: INSERT, MAINTAIN, REFERENCES, TRIGGER, TRUNCATE, UPDATE\n",
        "Afterwards the schema is as it was.",
    ):
        assert line in report, line
    before, after = report.split("The doctor on the old app")[1].split("The doctor afterwards")
    assert "a session's second one of a post" in before
    assert "a session's second one" not in after


def test_something_left_behind_is_a_failure() -> None:
    """And it is named."""
    told = io.StringIO()
    assert show_remains(Console(file=told, width=100), {"a table", "a grant"}, {"a table", "an index"}) == 1
    assert "lacking: a grant" in told.getvalue()
    assert "left: an index" in told.getvalue()


def test_a_broken_file_is_named(app: Path, url: str) -> None:
    """With what Postgres says."""
    (app / "supabase/seed.sql").write_text("insert into nowhere values (1)")
    with pytest.raises(StackError, match=r"seed\.sql: relation .nowhere. does not exist"):
        rehearse(Console(file=io.StringIO()), url, app, None)


def test_an_app_without_a_schema_is_refused(tmp_path: Path) -> None:
    """Nothing would be adopted, and all would look well."""
    with pytest.raises(StackError, match="give the schema"):
        app_files(tmp_path, None)
    with pytest.raises(StackError, match="is not there"):
        app_files(tmp_path, tmp_path / "none.sql")


def test_a_dump_is_split_at_its_rows() -> None:
    """A text without COPY stays whole, whatever it has at the beginning of a line."""
    assert [rows for _, rows in parts(DUMP)][1].count("\n") == 2  # type: ignore[union-attr]
    assert len(list(parts(DUMP))) == 3
    assert list(parts("select 1;\n")) == [("select 1;\n", None)]
