"""Policy: what a job type may ask for, and its backoff."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lib.jobs  # noqa: F401 - registers the types
from lib.queue.policy import Policy
from lib.queue.registry import registered

ROOT = Path(__file__).resolve().parents[2]
PRIORITIES = {
    "sync_like_count": 5,
    "process_image": 3,
    "send_notification": 2,
    "generate_thumbnail": 1,
    "cleanup_expired": 0,
    "recompute_rankings": 0,
}

attempts = st.integers(-(10**9), 10**9)
chances = st.floats(0, 1, exclude_max=True)
bases = st.floats(0.001, 1e5)
caps = st.floats(0.001, 1e7)


@given(attempts, chances)
def test_without_numbers_of_its_own_the_database_decides(attempts: int, chance: float) -> None:
    """One rule, in one place: job_backoff in SQL."""
    assert Policy(timeout_s=1).backoff_s(attempts, chance) is None


@given(bases, caps, attempts, chances)
def test_a_backoff_is_positive_and_below_the_cap(base: float, cap: float, attempts: int, chance: float) -> None:
    """Whatever attempts is, it never overflows."""
    wait = Policy(timeout_s=1, backoff_base_s=base, backoff_cap_s=cap).backoff_s(attempts, chance)
    assert wait is not None
    assert 0 < wait <= cap


@given(bases, caps, st.integers(1, 24), chances)
def test_a_backoff_without_jitter_never_shrinks(base: float, cap: float, attempts: int, chance: float) -> None:
    """With the same chance, a later attempt waits at least as long."""
    policy = Policy(timeout_s=1, backoff_base_s=base, backoff_cap_s=cap)
    sooner, later = policy.backoff_s(attempts, chance), policy.backoff_s(attempts + 1, chance)
    assert sooner is not None
    assert later is not None
    assert sooner <= later


@given(bases, st.integers(1, 25), chances)
def test_jitter_is_a_factor_of_a_half_to_one(base: float, attempts: int, chance: float) -> None:
    """min(cap, base * 2^(attempts - 1)) times a factor in [0.5, 1)."""
    policy = Policy(timeout_s=1, backoff_base_s=base, backoff_cap_s=1e300)
    wait = policy.backoff_s(attempts, chance)
    full = base * 2.0 ** min(attempts - 1, 20)
    assert wait is not None
    assert full / 2 <= wait <= full


def test_one_number_is_enough() -> None:
    """The other is the database's default: 10 s and an hour."""
    assert Policy(timeout_s=1, backoff_base_s=100).backoff_s(25, 0.0) == 1800
    assert Policy(timeout_s=1, backoff_cap_s=15).backoff_s(1, 0.0) == 5
    assert Policy(timeout_s=1, backoff_cap_s=15).backoff_s(2, 0.0) == 7.5


@pytest.mark.parametrize(
    "bad",
    [
        {"timeout_s": 0},
        {"timeout_s": -1},
        {"timeout_s": 1, "priority": 11},
        {"timeout_s": 1, "priority": -1},
        {"timeout_s": 1, "max_attempts": 0},
        {"timeout_s": 1, "max_attempts": 26},
        {"timeout_s": 28},
        {"timeout_s": 10, "lease_s": 12},
        {"timeout_s": 1, "lease_s": 3601},
        {"timeout_s": 1, "backoff_base_s": 0},
        {"timeout_s": 1, "backoff_cap_s": -1},
    ],
)
def test_what_the_database_would_refuse_is_refused_at_import(bad: dict[str, Any]) -> None:
    """Rather than at the first enqueue, claim or settle; and a lease that ends while its job still runs."""
    with pytest.raises(ValueError, match="must be"):
        Policy(**bad)


@pytest.mark.parametrize(("name", "priority"), PRIORITIES.items())
def test_the_priorities_are_those_of_the_contract(name: str, priority: int) -> None:
    """Likes before images before notifications before thumbnails."""
    assert registered[name].policy.priority == priority


def test_the_trigger_asks_for_likes_as_the_policy_says() -> None:
    """The one job that is enqueued by SQL: its priority and attempts are written there too."""
    policy = registered["sync_like_count"].policy
    for concept in ("like_sync_requests", "like_audit"):
        (migration,) = (ROOT / "supabase" / "migrations").glob(f"*_{concept}.sql")
        written = re.findall(r"'sync_like_count', jsonb_build_object\([^)]*\), (\d+), (\d+)", migration.read_text())
        assert written == [(str(policy.priority), str(policy.max_attempts))], migration.name
