"""When a run starts another one, and where it calls."""

from collections import Counter
from typing import Any

import pytest

from lib.errors import Misconfigured
from lib.queue.handover import MAX_HOPS, ROUTE, may_hand_over, siblings_after_s, siblings_to_wake
from lib.queue.report import RunReport, StopReason
from lib.settings import Settings

REQUIRED = {"SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_abcdef"}


def settings(**variables: Any) -> Settings:
    """Settings with these variables."""
    return Settings.load(REQUIRED | {name: str(value) for name, value in variables.items()})


def report(stop_reason: StopReason = "budget", **endings: int) -> RunReport:
    """What a run did that ended so."""
    return RunReport("w", 8000, stop_reason=stop_reason, endings=Counter(endings))


def test_a_run_that_ends_on_its_budget_hands_over() -> None:
    """Work is left, and it got something done."""
    assert may_hand_over(report(completed=1), settings(), hops=0)
    assert may_hand_over(report(snoozed=1), settings(WORKER_MAX_RUNS=1), hops=MAX_HOPS - 1)


@pytest.mark.parametrize(
    ("given", "variables", "hops"),
    [
        (report("empty", completed=1), {}, 0),
        (report("limit"), {}, 0),
        (report("error", completed=1), {}, 0),
        (report(), {}, 0),
        (report(released=5, stale=5), {}, 0),
        (report(completed=1), {}, MAX_HOPS),
        (report(completed=1), {"WORKER_MAX_RUNS": 0}, 0),
    ],
)
def test_what_ends_a_chain(given: RunReport, variables: dict[str, int], hops: int) -> None:
    """Nothing left; nothing settled, which a successor would do as badly; its length; the setting."""
    assert not may_hand_over(given, settings(**variables), hops)


@pytest.mark.parametrize(
    ("fanout", "max_runs", "under_way", "siblings"),
    [(0, 4, 0, 0), (2, 4, 0, 2), (5, 4, 0, 3), (5, 4, 2, 1), (5, 4, 7, 0)],
)
def test_siblings_are_woken_up_to_the_limit(fanout: int, max_runs: int, under_way: int, siblings: int) -> None:
    """The run itself is one of those under way."""
    given = settings(WORKER_FANOUT=fanout, WORKER_MAX_RUNS=max_runs)
    assert siblings_to_wake(report(completed=1), given, 0, under_way) == siblings
    assert siblings_to_wake(report(completed=1), given, MAX_HOPS, under_way) == 0
    assert siblings_to_wake(report(), given, 0, under_way) == 0


def test_a_run_looks_early_whether_it_needs_siblings() -> None:
    """After two seconds, or a quarter of a short budget."""
    assert siblings_after_s(settings(WORKER_BUDGET_MS=8000)) == 2.0
    assert siblings_after_s(settings(WORKER_BUDGET_MS=1000)) == 0.25


@pytest.mark.parametrize(
    ("variables", "origin"),
    [
        ({}, None),
        ({"VERCEL_URL": "app-git-abc.vercel.app"}, "https://app-git-abc.vercel.app"),
        (
            {
                "VERCEL_ENV": "production",
                "VERCEL_URL": "app-abc.vercel.app",
                "VERCEL_PROJECT_PRODUCTION_URL": "app.com",
            },
            "https://app.com",
        ),
        (
            {"VERCEL_ENV": "preview", "VERCEL_URL": "app-abc.vercel.app", "VERCEL_PROJECT_PRODUCTION_URL": "app.com"},
            "https://app-abc.vercel.app",
        ),
        ({"WORKER_URL": "https://own.example/", "VERCEL_URL": "app-abc.vercel.app"}, "https://own.example"),
    ],
)
def test_it_finds_itself(variables: dict[str, str], origin: str | None) -> None:
    """A preview never calls production, which has other code and perhaps another database."""
    assert settings(**variables).own_origin == origin


@pytest.mark.parametrize(("prefix", "route"), [("", "/api/queue/process"), ("jobs", "/api/jobs/queue/process")])
def test_it_finds_itself_under_a_prefix(prefix: str, route: str) -> None:
    """Where the app has routes of the same paths, ours lie below a prefix."""
    assert settings(ROUTE_PREFIX=prefix).prefixed(ROUTE) == route
    with pytest.raises(Misconfigured, match="ROUTE_PREFIX"):
        settings(ROUTE_PREFIX="/jobs")
