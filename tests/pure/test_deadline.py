"""The deadline of an invocation, and how its numbers fit the platform's."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lib.jobs  # noqa: F401 - registers the types
from lib.database.time_limit import MAX_CALL_S, call_timeout_s
from lib.queue import deadline
from lib.queue.deadline import Deadline
from lib.queue.isolation import LEAST_RESERVE_S
from lib.queue.registry import registered
from lib.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_BUDGET_MS: int = Settings.model_fields["worker_budget_ms"].default
LARGEST_BUDGET_MS = 9000

moments = st.floats(0, 1e6)
budgets_ms = st.integers(500, LARGEST_BUDGET_MS)
deadlines = st.none() | st.floats(-5, 400)


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def start(now: float, budget_ms: int, deadline_in_s: float | None) -> tuple[Deadline, Clock]:
    """Return a deadline that starts now, and its clock."""
    clock = Clock(now)
    return Deadline.start(clock, budget_ms, deadline_in_s), clock


def max_duration_s() -> float:
    """Return the seconds after which Vercel kills the worker."""
    config = json.loads((ROOT / "vercel.json").read_text())
    (settings,) = config["functions"].values()
    return float(settings["maxDuration"])


def test_the_platform_limit_is_the_one_of_vercel_json() -> None:
    """The budget assumes it when the platform does not tell its deadline."""
    assert max_duration_s() == deadline.MAX_DURATION_S


def test_work_settling_and_reply_end_before_the_kill() -> None:
    """By default even a deadline that is not told leaves time to settle everything, and to reply."""
    whole, _ = start(0.0, DEFAULT_BUDGET_MS, None)
    assert whole.work_ends_at == DEFAULT_BUDGET_MS / 1000
    assert whole.work_ends_at + deadline.SETTLE_RESERVE_S <= max_duration_s()
    assert whole.calls_end_at == max_duration_s() - deadline.REPLY_RESERVE_S
    assert whole.calls_end_at - whole.work_ends_at >= 1


def test_the_largest_budget_still_leaves_time_to_settle() -> None:
    """An operator may set WORKER_BUDGET_MS up to 9000; the deadline then ends the work."""
    whole, _ = start(0.0, LARGEST_BUDGET_MS, None)
    assert whole.work_ends_at == max_duration_s() - deadline.SETTLE_RESERVE_S


@pytest.mark.parametrize("name", sorted(registered))
def test_every_type_fits_into_the_default_budget(name: str) -> None:
    """Also in a run that keeps time back for isolated jobs, its own type's among them."""
    timeout_s = registered[name].policy.timeout_s
    whole, _ = start(0.0, DEFAULT_BUDGET_MS, max_duration_s())
    assert whole.keeping_back(LEAST_RESERVE_S).fits(timeout_s)
    assert max(timeout_s, LEAST_RESERVE_S) <= DEFAULT_BUDGET_MS / 1000


def test_every_supabase_call_may_take_three_seconds_at_most() -> None:
    """And less at the end: never longer than what is left."""
    whole, clock = start(100.0, 8000, 10)
    assert call_timeout_s(whole.call_time_left_s) == 3
    clock.now = 109.0
    assert math.isclose(call_timeout_s(whole.call_time_left_s), 0.6)
    clock.now = 111.0
    assert call_timeout_s(whole.call_time_left_s) == 0


@given(moments, budgets_ms, deadlines)
def test_the_budget_ends_at_whichever_comes_first(now: float, budget_ms: int, deadline_in_s: float | None) -> None:
    """WORKER_BUDGET_MS from the start, or the deadline less the reserve."""
    whole, _ = start(now, budget_ms, deadline_in_s)
    killed_in_s = deadline.MAX_DURATION_S if deadline_in_s is None else deadline_in_s
    assert whole.work_ends_at <= now + budget_ms / 1000
    assert whole.work_ends_at <= now + killed_in_s - deadline.SETTLE_RESERVE_S + 1e-6
    assert whole.work_ends_at < whole.calls_end_at


@given(moments, budgets_ms, deadlines, st.floats(0.001, 20), st.floats(0, 20))
def test_what_fits_ends_in_time(
    now: float, budget_ms: int, deadline_in_s: float | None, timeout_s: float, later: float
) -> None:
    """A job that may start ends before the work does, so a timeout is the job's own fault."""
    whole, clock = start(now, budget_ms, deadline_in_s)
    clock.now = at = now + later
    assert whole.fits(timeout_s) == (at + timeout_s <= whole.work_ends_at)
    assert whole.remaining_s() >= 0
    if whole.fits(timeout_s):
        assert timeout_s <= whole.remaining_s() + 1e-6
    assert 0 <= call_timeout_s(whole.call_time_left_s) <= MAX_CALL_S


@given(moments, budgets_ms, st.floats(0, 8))
def test_keeping_back_shortens_the_work_only(now: float, budget_ms: int, seconds: float) -> None:
    """The calls that settle have the time they had."""
    whole, _ = start(now, budget_ms, None)
    less = whole.keeping_back(seconds)
    assert math.isclose(whole.work_ends_at - less.work_ends_at, seconds, abs_tol=1e-6)
    assert less.calls_end_at == whole.calls_end_at
