"""What the doctor compares with is what the migrations make, today."""

from dev.schema.expected import rendered
from dev.supabase import Address
from tests.conftest import PROJECT


def test_the_expected_schema_is_current(address: Address) -> None:
    """Otherwise `make schema`, which writes both files."""
    for name, text in rendered(address, PROJECT).items():
        assert (PROJECT / name).read_text() == text, f"{name} is not current: make schema"
