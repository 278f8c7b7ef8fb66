"""job_backoff: min(3600, 10 * 2^(attempts - 1)) seconds, times a random factor in [0.5, 1)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql.calls import Db

MAX_INTEGER = 2**31 - 1


def cap(attempts: int) -> float:
    """Return the wait without jitter."""
    return min(3600, 10 * 2.0 ** (min(max(attempts, 1), 50) - 1))


def backoff_s(db: Db, attempts: int | None) -> float:
    """Call job_backoff."""
    query = "select extract(epoch from queue_private.job_backoff(%s))::float as seconds"
    (row,) = db.execute(query, [attempts]).fetchall()
    return float(row["seconds"])


# The database is only asked, so one for all examples is enough.
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(attempts=st.integers(-5, MAX_INTEGER) | st.integers(-5, 30))
def test_it_stays_within_its_bounds_whatever_attempts_is(service: Db, attempts: int) -> None:
    """It never overflows: an exception here would keep a job from ever being settled."""
    assert 0.5 * cap(attempts) <= backoff_s(service, attempts) < cap(attempts)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 10), (2, 20), (3, 40), (9, 2560), (10, 3600), (25, 3600)])
def test_it_doubles_up_to_an_hour(service: Db, attempts: int, seconds: int) -> None:
    """The whole table, as an operator would read it."""
    waits = [backoff_s(service, attempts) for _ in range(40)]
    assert all(0.5 * seconds <= wait < seconds for wait in waits)


def test_it_differs_from_call_to_call(service: Db) -> None:
    """Jobs that failed together must not come back together."""
    assert len({backoff_s(service, 5) for _ in range(20)}) == 20


def test_it_uses_the_whole_range(service: Db) -> None:
    """Both halves of [0.5, 1) occur: 200 draws miss one with a chance of 2^-200."""
    shares = [backoff_s(service, 1) / 10 for _ in range(200)]
    assert min(shares) < 0.75 <= max(shares)


def test_no_attempts_at_all_is_the_first(service: Db) -> None:
    """Null as well: there is always a wait."""
    assert 5 <= backoff_s(service, None) < 10
