"""`make check` itself: a check that cannot fail proves nothing."""

import re
from pathlib import Path

import psycopg
import pytest

from dev.check import __main__ as checks
from dev.check import bundle, extend
from dev.check.bundle import Function
from dev.check.commands import CheckError
from dev.check.extended_app import MIGRATIONS
from dev.check.schema import describe
from dev.paths import PROJECT
from dev.supabase.address import Address

VENDORED = ("_vendor/starlette-1.0.dist-info/METADATA", "_vendor/starlette/__init__.pyc")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what a function is compared with."""
    (tmp_path / "requirements.txt").write_text("# why\nstarlette==1.0  # because\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/thing.py").write_text("")
    return tmp_path


def function(folder: Path, *files: str, runtime: str = "python3.12") -> Function:
    """Make a built function of empty files."""
    (folder / "empty").write_text("")
    return Function(
        "api/x",
        {"runtime": runtime, "maxDuration": 10},
        dict.fromkeys(files, folder / "empty"),
    )


def test_a_complete_function_has_no_problems(checkout: Path) -> None:
    """Its route, lib/ without the command line, and its packages, compiled."""
    (checkout / "lib/cli").mkdir()
    (checkout / "lib/cli/app.py").write_text("")
    built = function(checkout, "api/x.py", "lib/thing.py", *VENDORED)
    assert bundle.problems_of(built, checkout) == []


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (("api/x.py", *VENDORED), "api/x: lacks lib/thing.py"),
        (("api/x.py", "lib/thing.py", *VENDORED, "tests/x.py"), "api/x: carries tests"),
        (("api/x.py", "lib/thing.py", *VENDORED, ".env.local"), "api/x: carries .env.local"),
        (("api/x.py", "lib/thing.py", *VENDORED, "lib/.env"), "api/x: carries lib/.env"),
        (("api/x.py", "lib/thing.py", VENDORED[1]), "api/x: starlette-1.0 is not vendored"),
        (("api/x.py", "lib/thing.py", *VENDORED, "docs/x.md"), "api/x: carries docs"),
        (("api/x.py", "lib/thing.py", *VENDORED, "supabase/migrations/x.sql"), "api/x: carries supabase"),
        (("api/x.py", "lib/thing.py", *VENDORED, "requirements-dev.txt"), "api/x: carries requirements-dev.txt"),
        (("api/x.py", "lib/thing.py", *VENDORED, "lib/cli/app.py"), "api/x: carries lib/cli/app.py"),
        (("api/x.py", "lib/thing.py", *VENDORED, "_vendor/rich-1.dist-info/METADATA"), "api/x: carries rich-1"),
        (
            ("api/x.py", "lib/thing.py", *VENDORED, "_vendor/pytest-9.2.0.dist-info/METADATA"),
            "api/x: carries pytest-9.2.0",
        ),
        (
            ("api/x.py", "lib/thing.py", VENDORED[0]),
            "api/x: no bytecode, so each cold start compiles everything",
        ),
    ],
)
def test_what_is_wrong_with_a_function_is_said(checkout: Path, files: tuple[str, ...], problem: str) -> None:
    """One line each, with the route."""
    assert bundle.problems_of(function(checkout, *files), checkout) == [problem]


@pytest.mark.parametrize(("found", "problems"), [("a" * 64, 0), ("b" * 64, 1)])
def test_another_file_under_a_pinned_version_is_found(tmp_path: Path, found: str, problems: int) -> None:
    """Vercel's build accepts it: it drops the hashes of requirements.txt."""
    (tmp_path / "requirements.txt").write_text(f"starlette==1.0 \\\n    --hash=sha256:{'a' * 64}\n")
    lock = f'[[package]]\nname = "starlette"\nwheels = [{{ url = "x", hash = "sha256:{found}" }}]\n'
    (tmp_path / "uv.lock").write_text(f'[[package]]\nname = "app"\n\n{lock}')
    assert len(bundle.problems_of_lock(tmp_path)) == problems


@pytest.mark.parametrize(
    "change",
    [
        "grant select on public.background_jobs to anon",
        "alter table public.background_jobs alter column priority set default 9",
        "alter table public.post_ratings disable trigger user",
        "alter table public.background_jobs disable row level security",
        "create index on public.post_ratings (created_at)",
        "create function public.extra() returns integer language sql return 1",
        "comment on table public.background_jobs is 'changed'",
        "alter type public.job_status add value 'extra'",
        "create policy extra on public.job_history for select to anon using (false)",
    ],
)
def test_a_difference_between_two_schemas_is_seen(
    project: dict[str, str], db: psycopg.Connection[dict[str, object]], change: str
) -> None:
    """What `supabase db push` might do otherwise than our own migrating."""
    before = describe(project["DATABASE_URL"])
    db.execute(change.encode())
    assert describe(project["DATABASE_URL"]) != before


def test_two_clones_are_described_alike(address: Address, project: dict[str, str]) -> None:
    """No oid or other accident of one database is among the facts."""
    assert describe(project["DATABASE_URL"]) == describe(address.postgres_url())


def test_the_page_on_job_types_is_written_as_printed(tmp_path: Path) -> None:
    """Whole files, and lines below a line that is there. What does not fit any more is said, and nothing is guessed."""
    (tmp_path / "old.py").write_text("one\nsecret: 1\ntwo\n")
    shown = "# T\n\n**`{}`**{}: why.\nMore of why.\n\n```python\nnew\n```\n\n```sh\nmake x\n```\n"
    page = shown.format("new.py", "") + shown.format("old.py", ", below the line with `secret:`")
    for part in extend.files_of(page):
        part.write(tmp_path)
    assert (tmp_path / "new.py").read_text() == "new\n"
    assert (tmp_path / "old.py").read_text() == "one\nsecret: 1\nnew\ntwo\n"
    refused = {
        "and it is there": shown.format("new.py", ""),
        "has 0 of it": shown.format("old.py", ", below the line with `x`"),
    }
    for problem, text in refused.items():
        (wrong,) = extend.files_of(text)
        with pytest.raises(CheckError, match=problem):
            wrong.write(tmp_path)
    (tmp_path / MIGRATIONS).mkdir(parents=True)
    (tmp_path / MIGRATIONS / "20300101000000_of_a_fork.sql").touch()
    (migration,) = extend.files_of(shown.format(f"{MIGRATIONS}/20270101000000_name.sql", ""))
    assert migration.due(tmp_path).name == f"{MIGRATIONS}/20300101000001_name.sql"
    page = (PROJECT / extend.PAGE).read_text()
    assert [part.name for part in extend.files_of(page)] == re.findall(r"^\*\*`(.+?)`\*\*", page, re.MULTILINE)


def test_a_check_that_there_is_not_gets_the_names_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody looks for one."""
    with pytest.raises(SystemExit):
        checks.chosen(["format"])
    listed = capsys.readouterr().err.partition("there are ")[2].strip().split(", ")
    assert listed == sorted(checks.CHECKS)


def test_the_outcome_is_one_closing_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With every failure's output above it, and the exit code to match."""

    def broken() -> str:
        raise CheckError("line one\nline two")

    monkeypatch.setattr(checks, "CHECKS", {"good": lambda: "a note", "bad": broken})
    monkeypatch.setattr("sys.argv", ["make check"])
    assert checks.main() == 1
    printed = capsys.readouterr().out
    assert "    line one\n    line two\n" in printed
    assert printed.endswith("checks: 1 passed, 1 failed\n")
    monkeypatch.setattr("sys.argv", ["make check", "good"])
    assert checks.main() == 0
    assert capsys.readouterr().out.endswith("checks: 1 passed, 0 failed\n")
