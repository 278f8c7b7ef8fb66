"""queue_health says whether the queue works, and why not."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.sql.ageing import age_job, expire_leases, make_due
from tests.sql.bulk import ended_jobs, pending_jobs, processing_jobs, worker_run
from tests.sql.calls import Db, Row, claim, claim_one, enqueue, outcome, rescue, settle, value


def health(db: Db) -> Row:
    """Call queue_health."""
    reply: Row = value(db, "queue_health")
    return reply


def reason(db: Db) -> str:
    """Return the one reason for which the queue is unhealthy."""
    reply = health(db)
    assert reply["healthy"] is False
    (only,) = reply["reasons"]
    return str(only)


def test_an_empty_queue_is_healthy(service: Db) -> None:
    """Also when no worker ever ran."""
    assert health(service) == {
        "healthy": True,
        "stuck_jobs": 0,
        "pending_jobs": 0,
        "oldest_due_seconds": None,
        "dead_last_24h": 0,
        "last_run_seconds_ago": None,
        "drifting_posts": None,
        "reasons": [],
    }


def test_a_busy_queue_is_healthy(service: Db) -> None:
    """Jobs due for less than five minutes, leases that hold, a run a minute ago; exact above 1,000 rows."""
    worker_run(service, ago_s=61)
    pending_jobs(service, 1500, due_in_s=-290)
    pending_jobs(service, 1500, due_in_s=7200)
    processing_jobs(service, 1200)
    reply = health(service)
    assert (reply["healthy"], reply["pending_jobs"], reply["stuck_jobs"]) == (True, 3000, 0)
    assert 290 <= reply["oldest_due_seconds"] < 300
    assert 61 <= reply["last_run_seconds_ago"] < 70


def test_expired_leases_are_unhealthy(service: Db) -> None:
    """A worker was lost, and no other came to rescue its jobs."""
    processing_jobs(service, 1100, lease_s=-1)
    assert "1100 jobs are stuck" in reason(service)
    assert health(service)["stuck_jobs"] == 1100


@pytest.mark.parametrize("columns", [{"priority": 0}, {"priority": 10}, {"attempts": 2}])
def test_a_job_due_for_more_than_five_minutes_is_unhealthy(service: Db, columns: dict[str, Any]) -> None:
    """Whatever its priority, first try or retry."""
    worker_run(service, ago_s=10)
    pending_jobs(service, 1, due_in_s=-301, **columns)
    assert re.search(r"a job has been due for 3\d\d seconds", reason(service))


def test_an_isolated_job_due_for_more_than_five_minutes_is_unhealthy(service: Db) -> None:
    """It waits for a worker as any other does."""
    worker_run(service, ago_s=10)
    job_id = enqueue(service)
    claim(service)
    expire_leases(service)
    rescue(service)
    age_job(service, job_id, 400)
    assert re.search(r"a job has been due for 4\d\d seconds", reason(service))


def test_a_paused_type_waits_on_purpose(service: Db) -> None:
    """Its jobs, isolated or not, are no sign of trouble."""
    enqueue(service, "process_image")
    claim(service)
    expire_leases(service)
    rescue(service)
    make_due(service)
    pending_jobs(service, 5, "process_image", due_in_s=-4000)
    service.execute("update public.background_jobs set scheduled_for = now() - interval '1 hour'")
    value(service, "pause_job_type", job_type="process_image")
    reply = health(service)
    assert (reply["healthy"], reply["oldest_due_seconds"], reply["pending_jobs"]) == (True, None, 6)


def test_a_rater_idle_in_a_transaction_shows(service: Db, open_service: Any) -> None:
    """Its joined sync job is due and nobody can claim it: intended."""
    worker_run(service, ago_s=10)
    payload = {"post_id": str(uuid4())}
    job_id = enqueue(service, "sync_like_count", payload=payload, scheduled_for="2001-01-01")
    rater = open_service(autocommit=False)
    rater.execute("select from public.background_jobs where id = %s for share", [job_id])
    assert claim(service) == []
    assert "has been due" in reason(service)


def test_many_dead_jobs_are_unhealthy(service: Db) -> None:
    """More than ten in a day, and more than one in a hundred."""
    ended_jobs(service, 11, "dead")
    assert reason(service) == "11 of 11 jobs died in the last 24 hours"


@pytest.mark.parametrize(("dead", "completed", "ago_s"), [(10, 0, 60), (11, 1089, 60), (500, 0, 86_500)])
def test_few_dead_jobs_are_healthy(service: Db, dead: int, completed: int, ago_s: int) -> None:
    """Ten; or one in a hundred; or yesterday's."""
    ended_jobs(service, dead, "dead", ago_s=ago_s)
    ended_jobs(service, completed, "completed")
    assert health(service)["healthy"] is True


def test_dead_jobs_that_were_redriven_are_dealt_with(service: Db) -> None:
    """A monitor that stays red for a day after the repair is ignored; the number of the day is told all the same."""
    ended_jobs(service, 14, "dead")
    assert health(service)["healthy"] is False
    service.execute("select public.redrive_jobs()")
    reply = health(service)
    assert (reply["healthy"], reply["dead_last_24h"]) == (True, 14)


def test_cancelled_jobs_do_not_water_down_the_dead(service: Db) -> None:
    """They never ran."""
    ended_jobs(service, 11, "dead")
    ended_jobs(service, 5000, "cancelled")
    assert reason(service) == "11 of 11 jobs died in the last 24 hours"


def test_no_run_for_five_minutes_while_jobs_are_due_is_unhealthy(service: Db) -> None:
    """The cron stopped: told before a job has waited for five minutes itself."""
    worker_run(service, ago_s=301)
    pending_jobs(service, 1, due_in_s=-5)
    assert reason(service) == "jobs are due, and no worker has run for 5 minutes"


def test_no_run_ever_is_unhealthy_once_a_job_waits(service: Db) -> None:
    """Both reasons are told."""
    pending_jobs(service, 1, due_in_s=-301)
    reply = health(service)
    assert (reply["healthy"], len(reply["reasons"]), reply["last_run_seconds_ago"]) == (False, 2, None)


def test_no_run_without_due_jobs_is_healthy(service: Db) -> None:
    """Nothing waits for one."""
    worker_run(service, ago_s=100_000)
    pending_jobs(service, 1, due_in_s=60)
    assert health(service)["healthy"] is True


def test_the_last_audit_says_how_many_posts_drift(service: Db) -> None:
    """The newest completed one."""
    for drifting in (5, 2):
        enqueue(service, "audit_like_counts")
        settle(service, outcome(claim_one(service), result={"drifting": drifting}))
    assert health(service)["drifting_posts"] == 2
