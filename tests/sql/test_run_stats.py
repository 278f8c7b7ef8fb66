"""queue_stats reads the ledger of runs: missed, overlapping and killed ones are visible."""

import pytest

from tests.sql.bulk import ended_jobs, worker_run
from tests.sql.calls import Db, Row, value


def runs(db: Db) -> Row:
    """Return what queue_stats says of the runs."""
    reply: Row = value(db, "queue_stats")["runs"]
    return {name: reply[name] for name in ("last_hour", "killed", "overlapping", "missed")}


def test_no_run_is_all_zeros(service: Db) -> None:
    """An empty ledger."""
    assert runs(service) == {"last_hour": 0, "killed": 0, "overlapping": 0, "missed": 0}


def test_a_tick_each_minute_is_in_order(service: Db) -> None:
    """Vercel may be some seconds early or late."""
    for ago in (305, 240, 185, 120, 58):
        worker_run(service, ago_s=ago)
    assert runs(service) == {"last_hour": 5, "killed": 0, "overlapping": 0, "missed": 0}


def test_gaps_are_missed_ticks(service: Db) -> None:
    """Two minutes without one, and one."""
    for ago in (360, 180, 60, 1):
        worker_run(service, ago_s=ago)
    assert runs(service)["missed"] == 3


def test_a_cron_that_stopped_is_missed_until_now(service: Db) -> None:
    """Also when its last run is longer ago than the hour, and then since the hour began."""
    worker_run(service, ago_s=7200)
    assert runs(service)["missed"] == 59
    worker_run(service, ago_s=1800)
    assert runs(service)["missed"] == 58
    worker_run(service, ago_s=2)
    assert runs(service)["missed"] == 58


def test_the_last_run_is_told_whenever_it_was(service: Db) -> None:
    """Or a dashboard could not say since when there is none."""
    worker_run(service, ago_s=7200)
    stats = value(service, "queue_stats")["runs"]
    assert stats["last_started_at"] is not None
    assert stats["last_finished_at"] is not None


def test_a_start_before_an_earlier_run_s_end_is_an_overlap(service: Db) -> None:
    """Also the end of a run before the last one, and the budget of one that has no end."""
    worker_run(service, ago_s=300, lasted_s=100)
    worker_run(service, ago_s=290, lasted_s=1)
    worker_run(service, ago_s=240, lasted_s=1)
    worker_run(service, ago_s=120, lasted_s=None, budget_ms=8000)
    worker_run(service, ago_s=115, lasted_s=1)
    assert runs(service)["overlapping"] == 3


def test_a_run_without_an_end_was_killed(service: Db) -> None:
    """After a minute: before that it may still be at work."""
    worker_run(service, ago_s=120, lasted_s=None)
    worker_run(service, ago_s=5, lasted_s=None)
    assert runs(service)["killed"] == 1


def test_only_the_last_hour_counts(service: Db) -> None:
    """Yesterday's trouble is not today's."""
    worker_run(service, ago_s=3700, lasted_s=None)
    worker_run(service, ago_s=3650, lasted_s=None)
    assert runs(service) == {"last_hour": 0, "killed": 0, "overlapping": 0, "missed": 59}


def test_why_runs_stopped_and_how_full_they_were_is_told(service: Db) -> None:
    """Near 1, one run a minute is not enough. A run without an end says nothing of either."""
    worker_run(service, ago_s=120, lasted_s=2, budget_ms=8000)
    worker_run(service, ago_s=60, lasted_s=4, budget_ms=4000)
    service.execute("update public.worker_runs set stop_reason = 'budget' where budget_ms = 4000")
    worker_run(service, ago_s=1, lasted_s=None)
    stats = value(service, "queue_stats")["runs"]
    assert stats["stop_reasons"] == {"empty": 1, "budget": 1}
    assert stats["budget_used"] == 0.5


def test_the_last_run_is_told_with_its_counts(service: Db) -> None:
    """What an operator looks at first."""
    assert value(service, "queue_stats")["runs"]["last"] is None
    worker_run(service, ago_s=60)
    worker_run(service, ago_s=5)
    service.execute(
        """update public.worker_runs set counts = '{"claimed": 3}' where started_at > now() - interval '9 s'"""
    )
    last = value(service, "queue_stats")["runs"]["last"]
    assert (last["counts"], last["trigger"], last["budget_ms"]) == ({"claimed": 3}, "cron", 8000)


def test_a_refused_run_is_no_run(service: Db) -> None:
    """It ended on the limit at once: it neither ran nor overlapped, and leaves the share of used time as it is."""
    worker_run(service, ago_s=50, lasted_s=4, budget_ms=8000)
    worker_run(service, ago_s=49, lasted_s=0, budget_ms=8000)
    service.execute("update public.worker_runs set stop_reason = 'limit' where finished_at = started_at")
    stats = value(service, "queue_stats")["runs"]
    assert (stats["last_hour"], stats["overlapping"], stats["budget_used"]) == (1, 0, 0.5)
    assert stats["stop_reasons"] == {"empty": 1, "limit": 1}


def test_the_capacity_is_that_of_the_runs_that_ran(service: Db) -> None:
    """A refused run has no time left that others could use."""
    ended_jobs(service, 600, ago_s=120)
    worker_run(service, ago_s=50, lasted_s=4, budget_ms=8000)
    before = service.execute(
        "select capacity from queue_private.queue_rates(now(), array['send_notification']::public.job_type[])"
    ).fetchone()
    worker_run(service, ago_s=49, lasted_s=0, budget_ms=8000)
    service.execute("update public.worker_runs set stop_reason = 'limit' where finished_at = started_at")
    after = service.execute(
        "select capacity from queue_private.queue_rates(now(), array['send_notification']::public.job_type[])"
    ).fetchone()
    assert before is not None
    assert after is not None
    assert after["capacity"] == pytest.approx(before["capacity"], rel=0.05)
