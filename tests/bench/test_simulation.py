"""The simulation is arithmetic: what must hold whatever the rates are."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.simulation import Limits, Rates, simulate

RATES = Rates(jobs_per_second=1_000, jobs_per_second_of_two=2_000, start_s=0.5, calls_per_run=8, calls_per_job=0.01)
TEN_S = Limits(budget_s=8, max_runs=1)


def test_one_run_does_what_fits_into_it() -> None:
    """8,000 jobs at 1,000 a second are one budget: one invocation, the start and 8 seconds."""
    outcome = simulate(8_000, RATES, TEN_S)
    assert outcome.invocations == 1
    assert outcome.seconds == pytest.approx(8.5)
    assert outcome.busy_s == pytest.approx(8.5)


def test_successors_follow_at_once() -> None:
    """The next run pays for its start and waits for no tick."""
    outcome = simulate(24_000, RATES, TEN_S)
    assert outcome.invocations == 3
    assert outcome.seconds == pytest.approx(3 * 8.5)


def test_without_hand_over_each_budget_waits_for_its_minute() -> None:
    """What the cron alone does: 8 seconds of work a minute."""
    outcome = simulate(24_000, RATES, replace(TEN_S, hands_over=False))
    assert outcome.invocations == 3
    assert outcome.seconds == pytest.approx(120 + 8.5)


def test_siblings_share_a_deep_backlog() -> None:
    """Eight runs, of which each wakes the next, take a little over an eighth of the time."""
    alone = simulate(1_000_000, RATES, TEN_S)
    together = simulate(1_000_000, RATES, replace(TEN_S, max_runs=8))
    assert together.most_at_once == 8
    assert alone.seconds / 8 < together.seconds < alone.seconds / 7


def test_a_shallow_queue_wakes_nobody() -> None:
    """A run that can do everything calls no sibling."""
    assert simulate(5_000, RATES, replace(TEN_S, max_runs=8)).invocations == 1


def test_an_empty_queue_costs_one_run() -> None:
    """The tick finds nothing."""
    outcome = simulate(0, RATES, TEN_S)
    assert (outcome.invocations, outcome.calls) == (1, 8)


def test_runs_that_share_a_full_database_gain_nothing() -> None:
    """Two runs together as fast as one: eight are no faster either."""
    shared = replace(RATES, jobs_per_second_of_two=1_000)
    assert shared.of(8) == pytest.approx(shared.of(1))
    assert RATES.of(8) == pytest.approx(8_000)


@settings(deadline=None)  # a thousand invocations on a busy machine
@given(
    jobs=st.integers(0, 200_000),
    rate=st.floats(200, 50_000),
    gain=st.floats(0.8, 2.2),
    limits=st.builds(Limits, budget_s=st.floats(1, 298), max_runs=st.integers(1, 8), hands_over=st.booleans()),
)
def test_no_work_is_lost_and_no_limit_is_passed(jobs: int, rate: float, gain: float, limits: Limits) -> None:
    """Enough invocations for the work, never more at once than allowed, every call counted, no time made up."""
    rates = replace(RATES, jobs_per_second=rate, jobs_per_second_of_two=gain * rate)
    outcome = simulate(jobs, rates, limits)
    fastest = max(rates.of(runs) for runs in range(1, limits.max_runs + 1))
    assert outcome.most_at_once <= limits.max_runs
    assert outcome.invocations >= math.floor(jobs / (rate * limits.budget_s) * (1 - 1e-9))
    assert outcome.seconds >= jobs / fastest * (1 - 1e-9)
    assert outcome.calls == math.ceil(outcome.invocations * 8 + jobs * 0.01)
    assert outcome.busy_s <= outcome.invocations * (limits.budget_s + 0.5) + 1e-6
