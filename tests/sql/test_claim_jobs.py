"""claim_jobs leases due jobs to a worker."""

from typing import Any

import psycopg
import pytest

from tests.sql.ageing import age_job, expire_leases, make_due
from tests.sql.calls import Db, active, claim, claim_isolated, claim_one, enqueue, outcome, rescue, rpc, settle, value


def test_a_claimed_job_is_leased(service: Db) -> None:
    """Status, worker, token and lease say whose it is, and until when."""
    job_id = enqueue(service)
    job = claim_one(service, worker_id="w-1", lease_seconds=30)
    assert (job["id"], job["status"], job["worker_id"]) == (job_id, "processing", "w-1")
    assert (job["lease_expires_at"] - job["started_at"]).total_seconds() == 30
    assert active(service, job_id) == job


def test_an_attempt_counts_at_the_claim(service: Db) -> None:
    """So a job that kills its worker cannot run for ever."""
    enqueue(service)
    assert claim_one(service)["attempts"] == 1


def test_each_claim_has_a_token_of_its_own(service: Db) -> None:
    """Of another job, and of the same job at its next claim."""
    enqueue(service)
    enqueue(service)
    first, second = claim(service)
    settle(service, outcome(first, "released"))
    again = claim_one(service)
    assert again["id"] == first["id"]
    assert len({first["claim_token"], second["claim_token"], again["claim_token"]}) == 3


def test_a_lease_lasts_30_seconds_unless_said_otherwise(service: Db) -> None:
    """The contract's default."""
    enqueue(service)
    job = claim_one(service)
    assert (job["lease_expires_at"] - job["started_at"]).total_seconds() == 30


def test_a_claimed_job_is_not_claimed_again(service: Db) -> None:
    """While it is leased, and also when the lease ran out: only a rescue takes it back."""
    enqueue(service)
    claim_one(service)
    assert claim(service) == []
    expire_leases(service)
    assert claim(service) == []


def test_no_more_than_asked_for(service: Db) -> None:
    """A worker claims what it has slots for."""
    for _ in range(5):
        enqueue(service)
    assert [len(claim(service, 3)), len(claim(service, 3)), len(claim(service, 3))] == [3, 2, 0]


def test_nothing_due_is_no_row(service: Db) -> None:
    """And never a row of nulls."""
    assert claim(service) == []
    assert claim(service, 1) == []


def test_a_job_that_is_not_due_is_not_claimed(service: Db) -> None:
    """However high its priority."""
    job_id = enqueue(service, priority=10, scheduled_for="2050-01-01")
    assert claim(service) == []
    make_due(service)
    assert claim_one(service)["id"] == job_id


def test_only_the_types_asked_for(service: Db) -> None:
    """A worker leaves out the types whose timeout no longer fits into its budget."""
    enqueue(service, "process_image")
    wanted = enqueue(service, "send_notification")
    types = ["send_notification", "cleanup_expired"]
    assert [job["id"] for job in claim(service, job_types=types)] == [wanted]
    assert claim(service, job_types=[]) == []


def test_a_type_named_twice_is_one_type(service: Db) -> None:
    """No job is claimed twice for it."""
    enqueue(service)
    assert len(claim(service, job_types=["send_notification"] * 2)) == 1


def test_an_isolated_job_is_left_out(service: Db) -> None:
    """It runs alone: claim_isolated_job gives it out."""
    job_id = enqueue(service)
    claim_one(service)
    expire_leases(service)
    rescue(service)
    make_due(service)
    assert claim(service) == []
    assert claim(service, 1) == []
    assert [job["id"] for job in claim_isolated(service)] == [job_id]


def test_zero_jobs_is_a_valid_wish(service: Db) -> None:
    """A worker that only settles asks for none."""
    enqueue(service)
    assert claim(service, 0) == []


def test_claim_next_job_claims_one(service: Db) -> None:
    """The short form."""
    enqueue(service)
    enqueue(service)
    (job,) = rpc(service, "claim_next_job", worker_id="w-1", job_types=["send_notification"])
    assert (job["attempts"], job["worker_id"]) == (1, "w-1")
    assert len(claim(service)) == 1
    assert rpc(service, "claim_next_job", worker_id="w-1") == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_jobs": -1},
        {"max_jobs": 1001},
        {"max_jobs": None},
        {"worker_id": ""},
        {"worker_id": "w" * 256},
        {"worker_id": None},
        {"lease_seconds": 0},
        {"lease_seconds": 3601},
        {"lease_seconds": None},
    ],
)
def test_arguments_that_no_claim_can_mean_are_refused(service: Db, arguments: dict[str, Any]) -> None:
    """A lease of no length, or for ever, would break the rescue."""
    enqueue(service)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        claim(service, **({"max_jobs": 10} | arguments))
    assert claim_one(service)["attempts"] == 1


def test_a_paused_type_is_not_claimed(service: Db) -> None:
    """Not in a batch, not alone, not when asked for by name."""
    value(service, "pause_job_type", job_type="send_notification")
    job_id = enqueue(service)
    age_job(service, job_id, 1000)
    assert claim(service, job_types=["send_notification"]) == []
    assert claim(service, 1) == []
