"""queue_stats counts in the database: exact at any size."""

import pytest

from tests.sql.bulk import ended_jobs, pending_jobs, processing_jobs
from tests.sql.calls import Db, Row, enqueue, value


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


def test_the_forecast_is_due_jobs_at_the_last_pace(large: Row) -> None:
    """1,200 due jobs, and 2,507 that ended in the last ten minutes."""
    assert large["forecast_seconds"] == 288


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


def test_without_a_pace_there_is_no_forecast(service: Db) -> None:
    """Nothing ended lately: null says unknown."""
    enqueue(service)
    assert stats(service)["forecast_seconds"] is None


def test_cancelled_jobs_are_no_pace(service: Db) -> None:
    """No worker ended them."""
    enqueue(service)
    ended_jobs(service, 100, "cancelled")
    assert stats(service)["forecast_seconds"] is None


def test_paused_jobs_are_not_forecast(service: Db) -> None:
    """They wait for an operator."""
    pending_jobs(service, 50)
    ended_jobs(service, 10)
    value(service, "pause_job_type", job_type="send_notification")
    assert stats(service)["forecast_seconds"] == 0


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
