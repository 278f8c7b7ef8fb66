"""settle_and_claim settles one batch and leases the next, in one transaction."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.ageing import expire_leases, make_due
from tests.sql.calls import Db, Row, active, claim_one, count, enqueue, history, outcome, rescue, value


def call(db: Db, *outcomes: Row, **arguments: Any) -> Row:
    """Call it."""
    reply: Row = value(db, "settle_and_claim", **({"worker_id": "w-1", "outcomes": Jsonb(outcomes)} | arguments))
    return reply


def test_one_call_settles_and_claims(service: Db) -> None:
    """A draining worker makes one call per batch."""
    enqueue(service)
    job = claim_one(service)
    following = enqueue(service)
    reply = call(service, outcome(job), max_jobs=5)
    assert reply["settled"] == [{"id": str(job["id"]), "answer": "settled"}]
    assert [UUID(each["id"]) for each in reply["claimed"]] == [following]
    assert history(service, job["id"])["status"] == "completed"


def test_claimed_jobs_have_what_a_worker_reads(service: Db) -> None:
    """The contract's columns, the trace context, and no others: building what nobody reads took as long as claiming."""
    job_id = enqueue(service, payload={"a": 1})
    (claimed,) = call(service, max_jobs=5, lease_seconds=60)["claimed"]
    row = active(service, job_id)
    assert row is not None
    assert set(claimed) == {
        *("id", "job_type", "payload", "priority", "attempts", "max_attempts", "claim_token", "scheduled_for"),
        *("lease_expires_at", "isolated", "idempotency_key", "redrive_of", "created_at", "traceparent"),
    }
    assert (claimed["payload"], UUID(claimed["claim_token"])) == ({"a": 1}, row["claim_token"])
    assert (row["lease_expires_at"] - row["started_at"]).total_seconds() == 60


def test_nothing_is_two_empty_arrays(service: Db) -> None:
    """Never null: the worker iterates over both."""
    assert call(service) == {"settled": [], "claimed": []}


def test_outcomes_and_the_number_of_jobs_have_defaults(service: Db) -> None:
    """Only the worker must say who it is."""
    enqueue(service)
    assert len(value(service, "settle_and_claim", worker_id="w-1")["claimed"]) == 1
    assert value(service, "settle_and_claim", worker_id="w-1", outcomes=None)["settled"] == []


def test_what_was_just_released_may_be_claimed_again(service: Db) -> None:
    """It is due: under a new token."""
    enqueue(service)
    job = claim_one(service)
    reply = call(service, outcome(job, "released"))
    assert reply["settled"][0]["answer"] == "settled"
    assert reply["claimed"][0]["id"] == str(job["id"])
    assert reply["claimed"][0]["claim_token"] != str(job["claim_token"])


def test_answers_are_in_the_order_of_the_outcomes(service: Db) -> None:
    """One for each."""
    enqueue(service)
    job = claim_one(service)
    foreign = outcome({"id": uuid4(), "claim_token": uuid4()})
    answers = [each["answer"] for each in call(service, foreign, outcome(job), outcome(job), max_jobs=0)["settled"]]
    assert answers == ["stale", "settled", "already"]


def test_a_malformed_outcome_claims_nothing(service: Db) -> None:
    """The whole call is refused: a worker that gets an error holds no new jobs."""
    enqueue(service)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"outcomes\[0\]"):
        call(service, {"id": "7"})
    assert claim_one(service)["attempts"] == 1


@pytest.mark.parametrize("arguments", [{"max_jobs": -1}, {"max_jobs": 1001}, {"lease_seconds": 0}, {"worker_id": ""}])
def test_a_refused_claim_settles_nothing(service: Db, arguments: dict[str, Any]) -> None:
    """One transaction: both or neither."""
    enqueue(service)
    job = claim_one(service)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        call(service, outcome(job), **arguments)
    assert active(service, job["id"]) == job


def test_isolated_and_paused_jobs_are_left_out(service: Db) -> None:
    """As in claim_jobs."""
    enqueue(service)
    claim_one(service)
    expire_leases(service)
    rescue(service)
    make_due(service)
    enqueue(service, "process_image")
    value(service, "pause_job_type", job_type="process_image")
    assert call(service, max_jobs=10)["claimed"] == []
    assert count(service) == 2


def test_only_the_types_asked_for(service: Db) -> None:
    """As in claim_jobs."""
    enqueue(service, "process_image")
    wanted = enqueue(service)
    claimed = call(service, max_jobs=10, job_types=["send_notification"])["claimed"]
    assert [UUID(each["id"]) for each in claimed] == [wanted]
