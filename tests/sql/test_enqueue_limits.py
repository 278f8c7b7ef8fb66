"""The table refuses what no job may be: each limit, at its boundary and one beyond."""

import json
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from tests.sql.calls import Db, Row, count, enqueue, pending

LARGEST_PAYLOAD = 65536


def payload_of(size: int) -> Row:
    """Return a payload whose text has this many bytes, as Postgres writes it."""
    frame = len(json.dumps({"a": ""}))
    return {"a": "x" * (size - frame)}


def nested(levels: int) -> str:
    """Return an object in which lists are nested, so many levels in all."""
    return f"""{{"a": {"[" * (levels - 1)}{"]" * (levels - 1)}}}"""


@pytest.mark.parametrize("priority", [0, 10])
def test_priority_is_from_0_to_10(service: Db, priority: int) -> None:
    """Its boundaries are priorities."""
    assert pending(service, enqueue(service, priority=priority))["priority"] == priority


@pytest.mark.parametrize("max_attempts", [1, 25])
def test_attempts_are_from_1_to_25(service: Db, max_attempts: int) -> None:
    """Its boundaries are allowed."""
    assert pending(service, enqueue(service, max_attempts=max_attempts))["max_attempts"] == max_attempts


@pytest.mark.parametrize("length", [1, 255])
def test_a_key_has_1_to_255_characters(service: Db, length: int) -> None:
    """Characters, not bytes."""
    assert pending(service, enqueue(service, idempotency_key="ä" * length))["idempotency_key"] == "ä" * length


def test_a_payload_has_at_most_64_kib(service: Db) -> None:
    """64 KiB is allowed."""
    job = pending(service, enqueue(service, payload=payload_of(LARGEST_PAYLOAD)))
    assert len(json.dumps(job["payload"])) == LARGEST_PAYLOAD


def test_a_payload_has_at_most_64_levels(service: Db) -> None:
    """64 are allowed."""
    assert pending(service, enqueue(service, payload=nested(64)))["payload"] == json.loads(nested(64))


@pytest.mark.parametrize(
    "payload", [f'{{"a": {"9" * 308}}}', '{"a": 1e-400}', f'{{"a": "{"9" * 400}"}}', f'{{"a{"9" * 400}": -5}}']
)
def test_numbers_have_at_most_308_digits(service: Db, payload: str) -> None:
    """308 are allowed, and any number of them in a text or behind the point."""
    found = json.loads(json.dumps(pending(service, enqueue(service, payload=payload))["payload"]))
    assert found == json.loads(payload)


@pytest.mark.parametrize(
    ("arguments", "constraint"),
    [
        ({"priority": -1}, "background_jobs_priority_0_to_10"),
        ({"priority": 11}, "background_jobs_priority_0_to_10"),
        ({"max_attempts": 0}, "background_jobs_max_attempts_1_to_25"),
        ({"max_attempts": 26}, "background_jobs_max_attempts_1_to_25"),
        ({"idempotency_key": ""}, "background_jobs_key_1_to_255"),
        ({"idempotency_key": "k" * 256}, "background_jobs_key_1_to_255"),
        ({"payload": payload_of(LARGEST_PAYLOAD + 1)}, "background_jobs_payload_at_most_64_kib"),
        ({"payload": "[]"}, "background_jobs_payload_is_an_object"),
        ({"payload": '"text"'}, "background_jobs_payload_is_an_object"),
        ({"scheduled_for": "infinity"}, "background_jobs_scheduled_for_in_years_1_to_9999"),
        ({"payload": nested(65)}, "background_jobs_payload_at_most_64_deep"),
        ({"payload": nested(15_000)}, "background_jobs_payload_at_most_64_deep"),
        ({"payload": '{"limit": 1e5000}'}, "background_jobs_payload_numbers_below_1e308"),
        ({"payload": '{"a": [{"b": -1e309}]}'}, "background_jobs_payload_numbers_below_1e308"),
        ({"payload": f'{{"a": {"9" * 309}}}'}, "background_jobs_payload_numbers_below_1e308"),
        ({"scheduled_for": "0044-03-15 BC"}, "background_jobs_scheduled_for_in_years_1_to_9999"),
        ({"scheduled_for": "10000-01-01"}, "background_jobs_scheduled_for_in_years_1_to_9999"),
        ({"job_type": "sync_like_count"}, "background_jobs_sync_names_a_post"),
        ({"job_type": "sync_like_count", "payload": {"post_id": "7"}}, "background_jobs_sync_names_a_post"),
        ({"job_type": "sync_like_count", "payload": {"post_id": None}}, "background_jobs_sync_names_a_post"),
    ],
)
def test_beyond_a_limit_is_refused(service: Db, arguments: dict[str, Any], constraint: str) -> None:
    """By a constraint whose name says which limit."""
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        enqueue(service, **arguments)
    assert refused.value.diag.constraint_name == constraint
    assert count(service) == 0


def test_an_unknown_type_is_refused(service: Db) -> None:
    """The enum is the list of types."""
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        enqueue(service, "mine_bitcoin")


@pytest.mark.parametrize(
    "broken",
    [
        "status = 'processing'",
        "status = 'completed'",
        "status = 'failed'",
        "claim_token = gen_random_uuid()",
        "lease_expires_at = now()",
        "attempts = 4",
        "attempts = -1",
        "error_message = repeat('x', 2001)",
    ],
)
def test_a_row_that_no_transition_makes_is_refused(service: Db, broken: LiteralString) -> None:
    """A processing job has a lease, a pending one has none, failed is never stored: whoever writes."""
    enqueue(service)
    with pytest.raises(psycopg.errors.CheckViolation):
        service.execute(sql.SQL("update public.background_jobs set {}").format(sql.SQL(broken)))
