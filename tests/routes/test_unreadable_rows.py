"""What somebody writes into the tables past the queue's functions is refused, or does not break the listings."""

from typing import Any, LiteralString

import httpx
import psycopg
import pytest

from tests.conftest import Connect

type Db = psycopg.Connection[dict[str, Any]]

URL = "/api/admin/queue/jobs"
HUGE = '{"n": 1e5000}'
DEEP = '{"a": ' * 1_000 + "1" + "}" * 1_000
LONG = '{"a": "' + "x" * 5_000_000 + '"}'
ATTEMPT = '[{"outcome": "failed", "error": 5, "worker_id": null, "started_at": null, "ended_at": "infinity"}]'
ENDED: LiteralString = """
    insert into public.job_history (job_id, job_type, payload, status, priority, attempts, max_attempts, error_message,
      result, attempt_log, created_at, completed_at)
    values (queue_private.new_job_id(), 'audit_like_counts', coalesce(%(payload)s, '{}')::jsonb, 'completed', 0, 1, 3,
      %(error_message)s, %(result)s, %(attempt_log)s, coalesce(%(created_at)s::timestamptz, now()), now())
"""
ACTIVE: LiteralString = """
    insert into public.background_jobs (job_type, payload, attempt_log, created_at, started_at, deferrals)
    values ('send_notification', coalesce(%(payload)s, '{}')::jsonb, %(attempt_log)s,
      coalesce(%(created_at)s::timestamptz, now()), %(created_at)s::timestamptz, 60)
"""
COLUMNS = dict.fromkeys(("payload", "error_message", "result", "attempt_log", "created_at"))


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        (ENDED, {"payload": HUGE}),
        (ENDED, {"payload": "[]"}),
        (ENDED, {"payload": LONG}),
        (ENDED, {"error_message": "x" * 2001}),
        (ACTIVE, {"payload": HUGE}),
        (ACTIVE, {"payload": LONG}),
    ],
)
def test_what_no_reader_takes_is_refused(connect: Connect, statement: LiteralString, columns: dict[str, str]) -> None:
    """Also of the service role, which may write both tables."""
    with pytest.raises(psycopg.errors.CheckViolation):
        connect("service_role").execute(statement, COLUMNS | columns)


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        (ENDED, {"result": '{"drifting": 1e5000, "checked": "many"}'}),
        (ENDED, {"result": DEEP}),
        (ENDED, {"result": LONG}),
        (ENDED, {"result": '"text"'}),
        (ENDED, {"attempt_log": "{}"}),
        (ENDED, {"attempt_log": "[1]"}),
        (ENDED, {"attempt_log": ATTEMPT}),
        (ACTIVE, {"attempt_log": ATTEMPT}),
        (ACTIVE, {"attempt_log": HUGE}),
        (ENDED, {"created_at": "infinity"}),
        (ACTIVE, {"created_at": "infinity"}),
        (ACTIVE, {"created_at": "0044-03-15 BC"}),
    ],
    ids=range(12),
)
async def test_what_is_not_refused_is_made_readable(
    site: httpx.AsyncClient, env: dict[str, str], connect: Connect, statement: LiteralString, columns: dict[str, str]
) -> None:  # fmt: skip
    """The page has the row, and a note in place of what cannot be shown. Stats and health work too."""
    connect("service_role").execute(statement, COLUMNS | columns)
    site.headers["authorization"] = f"Bearer {env['ADMIN_API_TOKEN']}"
    reply = await site.get(URL)
    assert reply.status_code == 200, reply.text[:300]
    assert len(reply.json()["jobs"]) == 1
    assert len(reply.content) < 100_000
    for path in ("/api/admin/queue/stats", "/api/admin/queue/metrics", "/api/health/queue"):
        other = await site.get(path)
        assert other.status_code in {200, 503}
        assert "error" not in other.text[:10], other.text[:300]


@pytest.mark.parametrize("value", [HUGE, DEEP])
def test_the_ledgers_take_only_what_can_be_read(connect: Connect, value: str) -> None:
    """Of runs, and of what operators did."""
    db = connect("service_role")
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(
            "insert into public.worker_runs (worker_id, trigger, budget_ms, counts) values ('w', 'cron', 1, %s)",
            [value],
        )
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(
            "insert into public.operator_actions (operator, action, details, changed) values ('o', 'a', %s, 1)", [value]
        )
