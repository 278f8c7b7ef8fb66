"""queue_stats counts in the database: exact at any size."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.sql.ageing import age_job
from tests.sql.bulk import ended_jobs, pending_jobs, processing_jobs
from tests.sql.calls import Db, Row, claim_one, count, enqueue, outcome, rpc, settle, value
from tests.sql.conftest import OpenService


def stats(db: Db) -> Row:
    """Call queue_stats."""
    reply: Row = value(db, "queue_stats")
    return reply


def of_type(reply: Row, job_type: str) -> Row:
    """Return the entry of one type."""
    (entry,) = [each for each in reply["types"] if each["job_type"] == job_type]
    return dict(entry)


@pytest.fixture
def large(service: Db) -> Row:
    """The statistics of a queue with more rows than PostgREST would list."""
    pending_jobs(service, 1200)
    pending_jobs(service, 1100, "process_image", due_in_s=3600, attempts=2)
    processing_jobs(service, 1050, "process_image")
    processing_jobs(service, 3, "process_image", lease_s=-5)
    ended_jobs(service, 1500, "completed", ms=10)
    ended_jobs(service, 1003, "dead", "process_image")
    ended_jobs(service, 4, "discarded")
    return stats(service)


def test_the_totals_are_exact_above_a_thousand_rows(large: Row) -> None:
    """Failed are the pending jobs that wait for a retry, and pending includes them."""
    expected = {
        "pending": 2300,
        "processing": 1053,
        "failed": 1100,
        "due": 1200,
        "scheduled": 1100,
        "stuck": 3,
        "dead_last_24h": 1003,
        "by_type": {"send_notification": 1200, "process_image": 2153},
    }
    assert {name: large[name] for name in expected} == expected


def test_each_type_is_counted_by_itself(large: Row) -> None:
    """Active jobs, and the last 24 hours."""
    entry = of_type(large, "process_image")
    assert (entry["pending"], entry["processing"], entry["failed"], entry["stuck"]) == (1100, 1053, 1100, 3)
    assert (entry["due"], entry["scheduled"], entry["oldest_due_seconds"]) == (0, 1100, None)
    assert (entry["dead_last_24h"], entry["completed_last_24h"]) == (1003, 0)
    other = of_type(large, "send_notification")
    assert (other["completed_last_24h"], other["discarded_last_24h"], other["average_ms_last_24h"]) == (1500, 4, 10)


def test_the_throughput_is_exact(large: Row) -> None:
    """Sixty minutes, oldest first; a minute's edge may lie between the insert and the count."""
    assert len(large["throughput"]) == 60
    totals = {name: sum(slot[name] for slot in large["throughput"]) for name in ("completed", "dead", "discarded")}
    assert totals == {"completed": 1500, "dead": 1003, "discarded": 4}
    assert [slot["minute"] for slot in large["throughput"]] == sorted(slot["minute"] for slot in large["throughput"])


def test_an_empty_queue_is_all_zeros(service: Db) -> None:
    """Numbers, never null: a dashboard adds them."""
    reply = stats(service)
    names = ("pending", "processing", "failed", "due", "scheduled", "stuck", "dead_last_24h", "forecast_seconds")
    assert {name: reply[name] for name in names} == dict.fromkeys(names, 0)
    assert (reply["by_type"], reply["oldest_due_seconds"]) == ({}, None)


def test_every_type_is_listed(service: Db) -> None:
    """Also those without jobs."""
    (row,) = service.execute("select enum_range(null::public.job_type)::text[] as types").fetchall()
    assert [entry["job_type"] for entry in stats(service)["types"]] == row["types"]


def test_the_oldest_due_job_is_the_oldest_of_all_types(service: Db) -> None:
    """In whole seconds."""
    pending_jobs(service, 3, "process_image", due_in_s=-100)
    pending_jobs(service, 3, due_in_s=-500)
    reply = stats(service)
    assert 500 <= reply["oldest_due_seconds"] < 520
    assert 100 <= of_type(reply, "process_image")["oldest_due_seconds"] < 120


def test_older_than_a_day_is_not_counted(service: Db) -> None:
    """Dead jobs of yesterday are history."""
    ended_jobs(service, 5, "dead", ago_s=86_500)
    reply = stats(service)
    assert (reply["dead_last_24h"], of_type(reply, "send_notification")["dead_last_24h"]) == (0, 0)


def test_a_paused_type_says_so(service: Db) -> None:
    """An operator must see why its jobs wait."""
    value(service, "pause_job_type", job_type="process_image")
    reply = stats(service)
    assert [entry["job_type"] for entry in reply["types"] if entry["paused"]] == ["process_image"]


def test_the_day_begins_with_a_minute(service: Db) -> None:
    """Tallies know whole minutes; health and statistics agree on them."""
    ended_jobs(service, 3, "dead", ago_s=86_400)
    ended_jobs(service, 4, "dead", ago_s=86_461)
    assert stats(service)["dead_last_24h"] == 3
    assert value(service, "queue_health")["dead_last_24h"] == 3


def test_percentiles_are_of_completed_jobs_and_waits_of_all_that_ran(service: Db) -> None:
    """Read from a histogram: right to its buckets."""
    ended_jobs(service, 90, ms=20)
    ended_jobs(service, 10, ms=900)
    ended_jobs(service, 50, "dead", ms=100_000)
    service.execute("update public.job_history set waited_ms = duration_ms")
    reply = of_type(stats(service), "send_notification")
    assert reply["duration_ms_last_24h"] == {"p50": 16, "p95": 750, "p99": 950}
    assert of_type(stats(service), "process_image")["duration_ms_last_24h"] == {"p50": None, "p95": None, "p99": None}


def test_waits_are_told(service: Db) -> None:
    """From due to started, of jobs that a worker ended."""
    job_id = enqueue(service)
    age_job(service, job_id, 45)
    settle(service, outcome(claim_one(service)))
    waits = of_type(stats(service), "send_notification")["waiting_ms_last_24h"]
    assert all(30_000 < waits[name] <= 60_000 for name in ("p50", "p95", "p99"))


def test_the_error_rate_is_the_share_of_attempts_that_failed(service: Db) -> None:
    """Retries count, not only deaths: three attempts failed of five."""
    enqueue(service, max_attempts=2)
    settle(service, outcome(claim_one(service), "failed", retry_in_seconds=0))
    settle(service, outcome(claim_one(service), "failed"))
    enqueue(service)
    settle(service, outcome(claim_one(service), "failed", retry_in_seconds=0))
    settle(service, outcome(claim_one(service)))
    enqueue(service)
    settle(service, outcome(claim_one(service), "discarded"))
    assert of_type(stats(service), "send_notification")["error_rate_last_24h"] == 0.6
    assert of_type(stats(service), "process_image")["error_rate_last_24h"] is None


def test_a_week_is_told_by_the_hour(service: Db) -> None:
    """168 hours, oldest first, merged or not."""
    service.execute("set timezone = 'Asia/Kathmandu'")
    ended_jobs(service, 3, ago_s=0)
    ended_jobs(service, 5, "dead", ago_s=3 * 86_400)
    service.execute("select queue_private.compact_job_tallies()")
    ended_jobs(service, 4, "discarded", ago_s=3 * 86_400)
    ended_jobs(service, 9, ago_s=8 * 86_400)
    hours = stats(service)["throughput_by_hour"]
    assert len(hours) == 168
    assert [hour["hour"] for hour in hours] == sorted(hour["hour"] for hour in hours)
    assert hours[-1]["completed"] + hours[-2]["completed"] == 3
    told = [(hour["completed"], hour["dead"], hour["discarded"]) for hour in hours[:-2]]
    assert [each for each in told if any(each)] == [(0, 5, 4)]


def test_schedules_are_told(service: Db) -> None:
    """With what hinders them, and whether their last job still waits."""
    slot = datetime(2026, 1, 2, 3, 17, tzinfo=UTC)
    service.execute("update public.job_schedules set next_run_at = %s where name = 'cleanup-expired'", [slot])
    rpc(service, "fire_schedule", name="cleanup-expired", slot=slot, next_run=slot + timedelta(days=1))
    rpc(service, "fail_schedule", name="audit-like-counts", error="nonsense")
    told = {schedule["name"]: schedule for schedule in stats(service)["schedules"]}
    assert told.keys() >= {"audit-like-counts", "cleanup-expired", "recompute-rankings"}
    assert len(told) == count(service, "job_schedules")
    assert told["audit-like-counts"]["last_error"] == "nonsense"
    cleanup = told["cleanup-expired"]
    assert (cleanup["cron_expression"], cleanup["timezone"], cleanup["enabled"]) == ("17 3 * * *", "UTC", True)
    assert (cleanup["waiting"], told["recompute-rankings"]["waiting"]) == (True, False)
    assert datetime.fromisoformat(cleanup["last_slot"]) == slot
    assert datetime.fromisoformat(cleanup["next_run_at"]) == slot + timedelta(days=1)


def test_the_last_audit_is_told(service: Db) -> None:
    """The newest completed one, and when."""
    assert stats(service)["likes"] is None
    for drifting in (5, 2):
        enqueue(service, "audit_like_counts")
        settle(service, outcome(claim_one(service), result={"checked": 70, "drifting": drifting}))
    likes = stats(service)["likes"]
    assert (likes["drifting_posts"], likes["checked_posts"]) == (2, 70)
    assert likes["audited_at"] is not None


def test_jobs_that_come_back_again_and_again_are_told(service: Db) -> None:
    """How often, since when and why; the worst first."""
    for deferrals in (9, 10, 50, 70):
        job_id = enqueue(service)
        service.execute(
            "update public.background_jobs set deferrals = %s, error_message = 'busy' where id = %s",
            [deferrals, job_id],
        )
    told = stats(service)["given_back"]
    assert (told["ten_times"], told["fifty_times"]) == (3, 2)
    assert [(job["deferrals"], job["error_message"]) for job in told["jobs"]] == [
        (70, "busy"),
        (50, "busy"),
        (10, "busy"),
    ]
    assert all(job["created_at"] for job in told["jobs"])


def test_an_open_transaction_is_told(service: Db, open_service: OpenService) -> None:
    """What it saw cannot be vacuumed. service_role sees no other role's session by itself."""
    assert stats(service)["oldest_transaction"] is None
    holder = open_service(autocommit=False)
    holder.execute("set transaction isolation level repeatable read")
    holder.execute("select 1")
    # Nobody can make a transaction older than it is: the question is asked in the future.
    (row,) = service.execute("select queue_private.oldest_transaction(now() + interval '2 minutes') as told").fetchall()
    assert (row["told"]["pid"], row["told"]["state"]) == (holder.info.backend_pid, "idle in transaction")
    assert row["told"]["open_seconds"] >= 120


def counted(db: Db, exact_up_to: int) -> dict[str, Row]:
    """Count the active jobs as queue_stats does, with another limit."""
    query = "select * from queue_private.count_active_jobs(clock_timestamp(), %s)"
    return {row["job_type"]: row for row in db.execute(query, [exact_up_to]).fetchall()}


def test_a_long_queue_is_estimated_type_by_type(service: Db) -> None:
    """Above the limit only types with many jobs are, and say so; what runs, is stuck or runs alone is counted."""
    pending_jobs(service, 30_000)
    pending_jobs(service, 10_000, due_in_s=3600, attempts=2)
    pending_jobs(service, 20, "process_image", due_in_s=3600, attempts=1)
    processing_jobs(service, 30, "process_image")
    processing_jobs(service, 5, lease_s=-5)
    service.execute("update public.background_jobs set isolated = true where job_type = 'process_image'")
    rows = counted(service, 20_000)
    many, few = rows["send_notification"], rows["process_image"]
    assert (many["pending_is_estimate"], few["pending_is_estimate"]) == (True, False)
    assert (few["pending"], few["failed"], few["due"], few["isolated"], few["processing"]) == (20, 20, 0, 50, 30)
    assert (many["stuck"], many["processing"], many["isolated"]) == (5, 5, 0)
    assert 30_000 < many["pending"] < 50_000
    assert 0 < many["failed"] < many["due"] < many["pending"]
    exact = counted(service, 50_000)["send_notification"]
    assert (exact["pending"], exact["failed"], exact["pending_is_estimate"]) == (40_000, 10_000, False)
