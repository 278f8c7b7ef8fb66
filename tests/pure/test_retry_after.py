"""Retry-After, RFC 9110, section 10.2.3."""

from datetime import UTC, datetime

import pytest

from lib.outside.http.temporary import retry_after_s, temporary
from lib.outside.verdicts import NotYet

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 7 ", 7),
        ("0", 1),
        ("99999999999999999999", 86_400),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 1),
        ("Wed, 24 Nov 2027 12:00:00 GMT", 86_400),
        ("Tuesday, 24-Nov-26 12:02:00 GMT", 120),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
    ],
)
def test_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """At least one second and at most a day, whatever a server says; None for what makes no sense."""
    assert retry_after_s(value, NOW) == seconds


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 599])
def test_these_statuses_are_temporary(status: int) -> None:
    """For images and pushes alike: one place says so."""
    assert temporary("the host", status, {}, NOW) == NotYet(f"the host answered {status}")
    assert temporary("the host", status, {"retry-after": "7"}, NOW) == NotYet(f"the host answered {status}", 7)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 410, 418, 451])
def test_these_statuses_are_final(status: int) -> None:
    """Whatever they say about when to come back."""
    assert temporary("the host", status, {"retry-after": "7"}, NOW) is None
