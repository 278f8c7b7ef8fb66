"""Names in JSON."""

import pytest

from lib.model import Model, camel_case


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("id", "id"),
        ("post_id", "postId"),
        ("dead_last_24h", "deadLast24h"),
        ("last_run_seconds_ago", "lastRunSecondsAgo"),
        ("average_ms_last_24h", "averageMsLast24h"),
        ("by_type", "byType"),
    ],
)
def test_names_are_those_of_the_contract(name: str, expected: str) -> None:
    """Pydantic's own rule would write deadLast24H."""
    assert camel_case(name) == expected


def test_both_spellings_are_read_and_one_is_written() -> None:
    """Frontends send camelCase; services that share code with the database send snake_case."""

    class Example(Model):
        post_id: int

    for given in ({"postId": 1}, {"post_id": 1}):
        assert Example.model_validate(given).model_dump(by_alias=True) == {"postId": 1}
