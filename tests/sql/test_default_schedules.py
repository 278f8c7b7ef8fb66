"""The schedules that every database has."""

from tests.sql.calls import Db


def test_rankings_clean_up_and_the_audit_are_scheduled(service: Db, released_types: set[str]) -> None:
    """Every ten minutes, daily, hourly; each of its own minute, so they do not start together."""
    rows = service.execute("select job_type, cron_expression, timezone, enabled from public.job_schedules").fetchall()
    found = {row["job_type"]: row["cron_expression"] for row in rows if row["enabled"] and row["timezone"] == "UTC"}
    assert {name: found[name] for name in found.keys() & released_types} == {
        "recompute_rankings": "*/10 * * * *",
        "cleanup_expired": "17 3 * * *",
        "audit_like_counts": "29 * * * *",
    }
