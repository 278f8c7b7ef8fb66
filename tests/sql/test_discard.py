"""discard_jobs: dead jobs that an operator has seen and leaves."""

from uuid import UUID

from tests.sql.bulk import ended_jobs
from tests.sql.calls import Db, claim_one, enqueue, history, outcome, rpc, settle


def dead_job(db: Db, job_type: str = "send_notification") -> UUID:
    """Make one."""
    job_id = enqueue(db, job_type)
    settle(db, outcome(claim_one(db), "failed", error="boom", retryable=False))
    return job_id


def discard(db: Db, **arguments: object) -> set[UUID]:
    """Call it."""
    return {row["discard_jobs"] for row in rpc(db, "discard_jobs", **arguments)}


def test_a_dead_job_becomes_discarded_with_its_reason(service: Db) -> None:
    """The error says why it died."""
    job_id, other = dead_job(service), dead_job(service)
    assert discard(service, job_ids=[job_id]) == {job_id}
    row = history(service, job_id)
    assert (row["status"], row["error_message"]) == ("discarded", "boom")
    assert history(service, other)["status"] == "dead"


def test_by_type_and_up_to_a_number(service: Db) -> None:
    """Without ids all dead jobs are meant, the longest dead first."""
    first, second = dead_job(service), dead_job(service)
    image = dead_job(service, "process_image")
    assert discard(service, job_type="process_image") == {image}
    assert discard(service, max_jobs=1) == {first}
    assert discard(service) == {second}


def test_only_dead_jobs_that_were_not_redriven(service: Db) -> None:
    """A redriven one goes on as a new job; the others have ended as they should."""
    job_id = dead_job(service)
    rpc(service, "redrive_jobs", job_ids=[job_id])
    ended_jobs(service, 1)
    assert discard(service) == set()


def test_a_discarded_job_is_not_redriven(service: Db) -> None:
    """It was seen, and left."""
    job_id = dead_job(service)
    discard(service)
    assert rpc(service, "redrive_jobs", job_ids=[job_id]) == []
