"""queue_health says whether the queue works, and why not."""

import re
from typing import Any, cast
from uuid import uuid4

import pytest

from tests.sql.ageing import age_job, expire_leases, make_due
from tests.sql.bulk import ended_jobs, pending_jobs, processing_jobs, worker_run
from tests.sql.calls import Db, Row, claim, claim_one, enqueue, outcome, rescue, rpc, settle, value


def health(db: Db) -> Row:
    """Call queue_health."""
    reply: Row = value(db, "queue_health")
    return reply


def reason(db: Db) -> str:
    """Return the one reason for which the queue is unhealthy."""
    reply = health(db)
    assert reply["healthy"] is False
    (only,) = reply["reasons"]
    assert len(reply["reason_codes"]) == 1
    return str(only)


def codes(db: Db) -> list[str]:
    """Return the codes of the reasons."""
    return list(health(db)["reason_codes"])


def test_an_empty_queue_is_healthy(service: Db) -> None:
    """Also when no worker ever ran."""
    assert health(service) == {
        "healthy": True,
        "stuck_jobs": 0,
        "pending_jobs": 0,
        "pending_is_estimate": False,
        "oldest_due_seconds": None,
        "dead_last_24h": 0,
        "last_run_seconds_ago": None,
        "drifting_posts": None,
        "paused_types_with_due_jobs": [],
        "reasons": [],
        "reason_codes": [],
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
    assert reply["paused_types_with_due_jobs"] == ["process_image"]


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
    assert reason(service).startswith("11 of 11 jobs died in the last 24 hours")


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


def test_dead_jobs_that_were_discarded_are_dealt_with(service: Db) -> None:
    """Seen, and left: they are dead no longer, in the day's number neither."""
    ended_jobs(service, 14, "dead")
    service.execute("select public.discard_jobs()")
    reply = health(service)
    assert (reply["healthy"], reply["dead_last_24h"]) == (True, 0)
    assert value(service, "queue_stats")["dead_last_24h"] == 0


def test_cancelled_jobs_do_not_water_down_the_dead(service: Db) -> None:
    """They never ran."""
    ended_jobs(service, 11, "dead")
    ended_jobs(service, 5000, "cancelled")
    assert reason(service).startswith("11 of 11 jobs died in the last 24 hours")


def test_no_run_for_five_minutes_while_jobs_are_due_is_unhealthy(service: Db) -> None:
    """The cron stopped: told before a job has waited for five minutes itself."""
    worker_run(service, ago_s=301)
    pending_jobs(service, 1, due_in_s=-5)
    assert reason(service).startswith("jobs are due, and no worker has run for 5 minutes")


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


def pause(db: Db, job_type: str, *, ago_s: int) -> None:
    """Let a type have been paused so many seconds ago."""
    value(db, "pause_job_type", job_type=job_type)
    db.execute(
        "update queue_private.paused_job_types set paused_at = now() - make_interval(secs => %s) where job_type = %s",
        [ago_s, job_type],
    )


@pytest.fixture
def owner(db: Any) -> Db:
    """The tables' owner, who may set times that no function sets."""
    return cast("Db", db)


def test_a_pause_that_was_forgotten_is_unhealthy(service: Db, owner: Db) -> None:
    """Also what was redriven into a paused type waits for ever; after an hour it is told, with the type's name."""
    pending_jobs(service, 2, "process_image", due_in_s=-3700)
    pause(owner, "process_image", ago_s=3700)
    assert codes(service) == ["paused_type_waits"]
    assert "process_image" in reason(service)


@pytest.mark.parametrize(("paused_ago_s", "due_in_s"), [(3500, -9000), (9000, -3500), (9000, 60)])
def test_a_short_pause_is_healthy(service: Db, owner: Db, paused_ago_s: int, due_in_s: int) -> None:
    """Paused for less than an hour, or nothing due for that long."""
    pending_jobs(service, 1, "process_image", due_in_s=due_in_s)
    pause(owner, "process_image", ago_s=paused_ago_s)
    assert codes(service) == []


def test_a_schedule_that_cannot_be_planned_is_unhealthy(service: Db) -> None:
    """It never runs again; disabled it does not matter."""
    service.execute("select public.fail_schedule('cleanup-expired', 'nonsense')")
    assert codes(service) == ["schedule_cannot_be_planned"]
    assert "cleanup-expired" in reason(service)
    service.execute("update public.job_schedules set enabled = false where name = 'cleanup-expired'")
    assert codes(service) == []


def knowing(db: Db, *job_types: str) -> None:
    """Record a run of a worker that has handlers for these types."""
    rpc(db, "start_worker_run", worker_id="w", trigger="cron", budget_ms=8000, known_types=list(job_types))


def test_a_type_that_the_deployed_code_does_not_know_is_told(service: Db) -> None:
    """Nobody claims it; five minutes may be a deployment."""
    knowing(service, "send_notification")
    pending_jobs(service, 1, "process_image", due_in_s=-290)
    assert codes(service) == []
    pending_jobs(service, 1, "process_image", due_in_s=-310)
    assert codes(service) == ["unknown_type"]
    assert "process_image" in reason(service)
    knowing(service, "send_notification", "process_image")
    assert codes(service) == ["job_due_too_long"]


def test_a_worker_that_does_not_tell_its_types_knows_all(service: Db) -> None:
    """Older code is no reason to be alarmed."""
    worker_run(service, ago_s=1)
    pending_jobs(service, 1, "process_image", due_in_s=-310)
    assert codes(service) == ["job_due_too_long"]


def test_a_type_that_the_database_lacks_is_told(service: Db) -> None:
    """The code was deployed before the migration: enqueueing the type fails."""
    knowing(service, "send_notification", "draw_a_picture")
    assert codes(service) == ["missing_type"]
    assert "draw_a_picture" in reason(service)


@pytest.mark.parametrize(("deferrals", "expected"), [(49, []), (50, ["given_back_too_often"])])
def test_a_job_that_came_back_fifty_times_is_unhealthy(service: Db, deferrals: int, expected: list[str]) -> None:
    """No attempt is counted for it, so it would come back for ever, unseen."""
    pending_jobs(service, 1, due_in_s=60)
    service.execute("update public.background_jobs set deferrals = %s", [deferrals])
    assert codes(service) == expected


def test_thousands_of_dead_jobs_are_estimated_from_the_newest(service: Db) -> None:
    """The number of the day is exact; how many are left is the share among the newest 2,000."""
    ended_jobs(service, 1000, "dead", ago_s=7200)
    ended_jobs(service, 3000, "dead", ago_s=60)
    assert "4000 of 4000 jobs died" in reason(service)
    assert health(service)["dead_last_24h"] == 4000
    service.execute("update public.job_history set redriven_as = job_id")
    assert (codes(service), health(service)["dead_last_24h"]) == ([], 4000)


def test_a_long_queue_is_estimated_and_says_so(service: Db) -> None:
    """Anyone may ask: counting a million jobs each time would cost a tenth of a second."""
    pending_jobs(service, 5000, due_in_s=-10)
    assert (health(service)["pending_jobs"], health(service)["pending_is_estimate"]) == (5000, False)
    pending_jobs(service, 35_000, due_in_s=-10)
    reply = health(service)
    assert reply["pending_is_estimate"] is True
    assert 30_000 < reply["pending_jobs"] < 50_000
