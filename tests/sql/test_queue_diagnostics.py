"""queue_diagnostics shows what an operator looks at when the queue is slow."""

from tests.sql.ageing import expire_leases
from tests.sql.calls import Db, claim, enqueue, rescue, value


def test_it_names_the_tables_pauses_and_schedules(service: Db) -> None:
    """On a fresh database already."""
    value(service, "pause_job_type", job_type="process_image")
    reply = value(service, "queue_diagnostics")
    assert {"background_jobs", "job_history", "worker_runs"} <= set(reply["tables"])
    assert reply["paused_types"] == ["process_image"]
    assert {"audit-like-counts", "cleanup-expired", "recompute-rankings"} <= {
        schedule["name"] for schedule in reply["schedules"]
    }


def test_it_counts_isolated_jobs(service: Db) -> None:
    """They slow a drain down: each runs alone."""
    for _ in range(3):
        enqueue(service)
    claim(service)
    expire_leases(service)
    rescue(service)
    reply = value(service, "queue_diagnostics")
    assert (reply["isolated_jobs"], reply["longest_lease_seconds"]) == (3, None)
