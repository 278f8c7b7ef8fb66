"""`make doctor` says which database it examines, and finds the one of `make dev` by itself."""

from pathlib import Path

import pytest

from dev.doctor import which
from dev.doctor.__main__ import main
from lib.cli.problems import BadUsage

URL = "postgresql://postgres:secret@127.0.0.1:54322/app"


def test_the_env_file_says_which_database_when_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for ./queue: the environment comes first, then the current folder, then the checkout. No password is shown."""
    here, checkout = tmp_path / "here", tmp_path / "checkout"
    here.mkdir()
    checkout.mkdir()
    monkeypatch.chdir(here)
    (here / ".env.local").write_text("NEXT_PUBLIC_SUPABASE_URL=http://127.0.0.1:1\n")
    (checkout / ".env.local").write_text(f"DATABASE_URL={URL}\n")
    chosen = which.database(None, {}, checkout)
    assert chosen.url == URL
    assert str(chosen) == f"the database app on 127.0.0.1:54322, by DATABASE_URL of {checkout / '.env.local'}"
    assert "secret" not in f"{chosen} {chosen!r}"
    assert which.database(None, {"DATABASE_URL": "postgresql://other"}, checkout).url == "postgresql://other"
    with pytest.raises(BadUsage, match=r"nothing says which database\. Set DATABASE_URL"):
        which.database(None, {}, tmp_path)


def test_what_is_no_database_is_refused_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a traceback, and without the usage of the program."""
    assert main(["postgres//nowhere"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("doctor: the database cannot be examined: ")
    assert said.count("\n") == 1
