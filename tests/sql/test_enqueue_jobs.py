"""enqueue_jobs adds many jobs, all or none."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.calls import Db, Row, claim, claim_one, count, enqueue, enqueue_many, outcome, pending, rpc, settle


def jobs(number: int, **fields: object) -> list[Row]:
    """Return so many elements."""
    return [{"job_type": "send_notification", "payload": {"n": n}} | fields for n in range(number)]


def test_rows_come_in_the_order_of_the_array(service: Db) -> None:
    """Positions count from 0, however the jobs were ordered inside."""
    keys = ["c", None, "a", "b", None]
    rows = enqueue_many(service, [{"job_type": "process_image", "idempotency_key": key} for key in keys])
    assert [row["position"] for row in rows] == [0, 1, 2, 3, 4]
    assert [pending(service, row["id"])["idempotency_key"] for row in rows] == keys
    assert {(row["created"], row["status"]) for row in rows} == {(True, "pending")}


def test_every_field_is_kept(service: Db) -> None:
    """As in enqueue_job."""
    asked = {"payload": {"a": 1}, "priority": 7, "max_attempts": 9, "idempotency_key": "k"}
    (row,) = enqueue_many(service, [asked | {"job_type": "process_image", "scheduled_for": "2050-01-01T00:00:00Z"}])
    job = pending(service, row["id"])
    assert {name: job[name] for name in asked} == asked
    assert job["scheduled_for"].year == 2050


def test_nulls_mean_the_defaults(service: Db) -> None:
    """Also a null payload."""
    nothing = dict.fromkeys(("payload", "priority", "scheduled_for", "idempotency_key", "max_attempts"))
    (row,) = enqueue_many(service, [{"job_type": "process_image"} | nothing])
    assert pending(service, row["id"])["payload"] == {}


def test_a_key_twice_in_one_call_is_one_job(service: Db) -> None:
    """The first by position makes it, the second finds it."""
    rows = enqueue_many(service, [{"job_type": "process_image", "idempotency_key": "k"}] * 3)
    assert len({row["id"] for row in rows}) == 1
    assert [row["created"] for row in rows] == [True, False, False]


def test_existing_jobs_are_found(service: Db) -> None:
    """Active and completed ones, beside new ones."""
    completed = enqueue(service, idempotency_key="completed")
    settle(service, outcome(claim_one(service)))
    held = enqueue(service, idempotency_key="active")
    keys = ["active", "new", "completed"]
    rows = enqueue_many(service, [{"job_type": "send_notification", "idempotency_key": key} for key in keys])
    assert [(row["created"], row["status"]) for row in rows] == [
        (False, "pending"),
        (True, "pending"),
        (False, "completed"),
    ]
    assert (rows[0]["id"], rows[2]["id"]) == (held, completed)


def test_dedupe_seconds_is_each_job_s_own(service: Db) -> None:
    """Zero frees a completed key at once."""
    enqueue(service, idempotency_key="k")
    settle(service, outcome(claim_one(service)))
    element = {"job_type": "send_notification", "idempotency_key": "k"}
    rows = enqueue_many(service, [element, element | {"dedupe_seconds": 0}])
    assert [row["created"] for row in rows] == [False, True]


def test_an_empty_array_is_no_job(service: Db) -> None:
    """And no row."""
    assert enqueue_many(service, []) == []


def test_a_thousand_jobs_fit(service: Db) -> None:
    """The limit is allowed."""
    rows = enqueue_many(service, jobs(1000))
    assert [row["position"] for row in rows] == list(range(1000))
    assert count(service) == 1000


def test_more_than_a_thousand_are_refused(service: Db) -> None:
    """A call must end within PostgREST's time."""
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="1000"):
        enqueue_many(service, jobs(1001))
    assert count(service) == 0


@pytest.mark.parametrize(
    ("bad", "sqlstate"),
    [
        ({"job_type": "process_image", "priority": 11}, "23514"),
        ({"job_type": "process_image", "priority": "high"}, "22P02"),
        ({"job_type": "process_image", "payload": []}, "23514"),
        ({"job_type": "process_image", "scheduled_for": "soon"}, "22007"),
        ({"job_type": "process_image", "dedupe_seconds": -1}, "22023"),
        ({"job_type": "mine_bitcoin"}, "22P02"),
        ({"payload": {}}, "22023"),
        ({"job_type": "process_image", "priorty": 1}, "22023"),
        ("process_image", "22023"),
        (None, "22023"),
        ({"job_type": "process_image", "idempotency_key": "held"}, "PT409"),
    ],
)
def test_one_bad_element_rejects_the_call_and_is_named(service: Db, bad: Any, sqlstate: str) -> None:
    """All or none: a caller that repeats the call must not double what went through."""
    enqueue(service, idempotency_key="held")
    with pytest.raises(psycopg.Error) as refused:
        enqueue_many(service, [*jobs(7, idempotency_key=None), bad, *jobs(2)])
    assert (refused.value.sqlstate, "jobs[7]" in str(refused.value)) == (sqlstate, True)
    assert count(service) == 1


@pytest.mark.parametrize("array", ["{}", '"text"', "null", None])
def test_anything_but_an_array_is_refused(service: Db, array: str | None) -> None:
    """With the code for a bad argument."""
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        rpc(service, "enqueue_jobs", jobs=array)


def test_two_positions_that_contradict_each_other_reject_the_call(service: Db) -> None:
    """One key, two payloads, in one call."""
    with pytest.raises(psycopg.Error) as refused:
        enqueue_many(service, jobs(2, idempotency_key="k"))
    assert (refused.value.sqlstate, "jobs[1]" in str(refused.value)) == ("PT409", True)
    assert count(service) == 0


def test_a_sync_like_count_job_can_be_enqueued_in_bulk(service: Db) -> None:
    """The array goes through the same checks."""
    post = "01890000-0000-7000-8000-000000000000"
    rows = rpc(service, "enqueue_jobs", jobs=Jsonb([{"job_type": "sync_like_count", "payload": {"post_id": post}}]))
    assert pending(service, rows[0]["id"])["payload"] == {"post_id": post}


def test_jobs_of_one_array_run_in_its_order(service: Db) -> None:
    """They are due at the same moment: their ids decide, so these are in the array's order."""
    rows = enqueue_many(service, jobs(500))
    assert [job["id"] for job in claim(service, 500)] == [row["id"] for row in rows]
