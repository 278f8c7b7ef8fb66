"""What the doctor compares with is what the migrations make, today."""

from pathlib import Path

from dev.schema.expected import migration_file, rendered
from dev.supabase import Address
from tests.conftest import PROJECT


def test_the_expected_schema_is_current(address: Address) -> None:
    """Otherwise `make schema`, which writes both files."""
    for name, text in rendered(address, PROJECT).items():
        assert (PROJECT / name).read_text() == text, f"{name} is not current: make schema"


def test_a_later_migration_gets_an_expected_schema_of_its_own(tmp_path: Path) -> None:
    """A released one is never edited. Until then the one that is there is written again."""
    folder = tmp_path / "supabase" / "migrations"
    folder.mkdir(parents=True)
    for name in ("20261124060000_jobs.sql", "20261124235950_expected_schema.sql"):
        (folder / name).touch()
    assert migration_file(tmp_path) == "supabase/migrations/20261124235950_expected_schema.sql"
    (folder / "20270101120000_avatars.sql").touch()
    assert migration_file(tmp_path) == "supabase/migrations/20270101120001_expected_schema.sql"
