"""enqueue_job adds one job."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.calls import Db, claim, count, enqueue, pending, rpc


def test_only_the_type_is_needed(service: Db) -> None:
    """All other arguments have the defaults that the contract names; priority and attempts are the type's policy."""
    (row,) = rpc(service, "enqueue_job", job_type="process_image")
    job = pending(service, row["id"])
    expected = {"payload": {}, "priority": 3, "attempts": 0, "max_attempts": 4, "idempotency_key": None}
    assert {name: job[name] for name in expected} == expected
    assert (job["isolated"], job["claim_token"], job["lease_expires_at"]) == (False, None, None)


def test_a_job_is_due_at_once_unless_said_otherwise(service: Db) -> None:
    """By the database's clock, so a caller's clock does not matter."""
    job_id = enqueue(service)
    assert [job["id"] for job in claim(service)] == [job_id]


def test_the_answer_is_one_row(service: Db) -> None:
    """Id, created and status, from which the API builds its reply."""
    (row,) = rpc(service, "enqueue_job", job_type="send_notification")
    assert (row["created"], row["status"]) == (True, "pending")
    assert isinstance(row["id"], UUID)


def test_every_argument_is_kept(service: Db) -> None:
    """What the caller asks for is what the worker sees."""
    asked = {
        "job_type": "generate_thumbnail",
        "payload": {"image_id": "a", "widths": [1, 2]},
        "priority": 10,
        "scheduled_for": datetime(2050, 1, 1, tzinfo=UTC),
        "idempotency_key": "thumbnail:a",
        "max_attempts": 25,
    }
    (row,) = rpc(service, "enqueue_job", **asked)
    job = pending(service, row["id"])
    assert {name: job[name] for name in asked} == asked


def test_nulls_mean_the_defaults(service: Db) -> None:
    """A client that sends every argument, empty ones as null, gets what leaving them out would give."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("payload", "priority", "scheduled_for", "idempotency_key", "max_attempts", "dedupe_seconds")
    )
    job = pending(service, enqueue(service, **nothing))
    assert (job["payload"], job["priority"], job["max_attempts"]) == ({}, 2, 5)


def test_ids_are_in_the_order_of_enqueueing(service: Db) -> None:
    """Version 7 UUIDs: jobs due at the same moment run in the order in which they came."""
    ids = [enqueue(service) for _ in range(50)]
    assert ids == sorted(ids)
    assert {job_id.version for job_id in ids} == {7}


def test_jobs_without_a_key_are_never_one(service: Db) -> None:
    """Only a key says that two jobs are the same."""
    enqueue(service, payload={"a": 1})
    enqueue(service, payload={"a": 1})
    assert count(service) == 2


def test_a_negative_dedupe_window_is_refused(service: Db) -> None:
    """It would make no sense, and silently mean no window."""
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        enqueue(service, dedupe_seconds=-1)
