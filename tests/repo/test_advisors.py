"""What Supabase's advisors remark is explained: the rule by which `make check` decides."""

from pathlib import Path

import pytest

from dev.check.advisors import Remark, explained, problems, served

ROOT = Path(__file__).resolve().parents[2]
ROWS = [Remark("rls_enabled_no_policy", "queue_private.*"), Remark("no_primary_key", "public.a")]
REMARKS = [Remark("rls_enabled_no_policy", "queue_private.b"), Remark("no_primary_key", "public.a")]


def test_explained_remarks_are_no_problem() -> None:
    """By their own row, or by that of their schema."""
    assert problems(REMARKS, ROWS, set()) == []


@pytest.mark.parametrize(
    "remark",
    [Remark("no_primary_key", "public.b"), Remark("unused_index", "public.a"), Remark("no_primary_key", "x.public.a")],
)
def test_an_unexplained_remark_is_one(remark: Remark) -> None:
    """A row of another remark or of another table does not count."""
    assert problems([*REMARKS, remark], ROWS, {"b_idx"}) == [f"not explained in docs/advisors.md: {remark}"]


def test_an_explanation_without_a_remark_is_one() -> None:
    """It would excuse the next one that comes."""
    assert problems(REMARKS[1:], ROWS, set()) == [f"explained, and not remarked any more: {ROWS[0]}"]


def test_the_comment_above_an_index_explains_it(tmp_path: Path) -> None:
    """Only where it says what the index serves, and only the index right below."""
    file = tmp_path / "x.sql"
    file.write_text(
        "-- Serves a query.\n-- In order.\ncreate index if not exists a_idx on a (b);\n"
        "create index if not exists b_idx on a (c);\n-- Fast.\ncreate index if not exists c_idx on a (d);\n"
    )
    assert served([file]) == {"a_idx"}
    assert problems([Remark("unused_index", "public.a_idx")], [], served([file])) == []


def test_a_finding_is_read_as_it_is_printed() -> None:
    """The index is in the text, the table in the metadata."""
    of_table = {"metadata": {"schema": "public", "name": "posts"}}
    index = {"name": "unused_index", "detail": "Index `posts_idx` on table `public.posts` has not been used"}
    assert Remark.of(index | of_table) == Remark("unused_index", "public.posts_idx")
    assert Remark.of({"name": "no_primary_key", "detail": "Table"} | of_table) == Remark(
        "no_primary_key", "public.posts"
    )


def test_the_page_is_read() -> None:
    """A row that is not understood would excuse nothing, and nobody would know why."""
    rows = (ROOT / "docs/advisors.md").read_text().partition("|---")[2].partition("<!--")[0].strip().splitlines()[1:]
    assert len(explained(ROOT / "docs/advisors.md")) == len(rows) > 0
