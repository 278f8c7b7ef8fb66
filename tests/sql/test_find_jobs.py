"""find_jobs looks up active and ended jobs by id."""

from uuid import UUID, uuid4

from tests.sql.calls import Db, Row, claim_one, enqueue, outcome, rpc, settle


def find(db: Db, *job_ids: UUID) -> dict[UUID, Row]:
    """Call find_jobs."""
    return {row["id"]: row for row in rpc(db, "find_jobs", job_ids=list(job_ids))}


def test_active_and_ended_jobs_are_found(service: Db) -> None:
    """A caller need not know which table a job is in."""
    done = enqueue(service, payload={"a": 1})
    settle(service, outcome(claim_one(service), result={"b": 2}))
    running = enqueue(service)
    claim_one(service)
    waiting = enqueue(service, idempotency_key="k")
    found = find(service, done, running, waiting)
    assert {job_id: row["status"] for job_id, row in found.items()} == {
        done: "completed",
        running: "processing",
        waiting: "pending",
    }
    assert (found[done]["payload"], found[done]["result"]) == ({"a": 1}, {"b": 2})
    assert found[waiting]["idempotency_key"] == "k"


def test_no_token_is_given_out(service: Db) -> None:
    """Whoever has a token can settle the job."""
    job_id = enqueue(service)
    job = claim_one(service)
    row = find(service, job_id)[job_id]
    assert str(job["claim_token"]) not in str(row)
    assert not [name for name in row if "token" in name]


def test_unknown_ids_are_left_out(service: Db) -> None:
    """And only the ids asked for are answered."""
    job_id = enqueue(service)
    enqueue(service)
    assert set(find(service, job_id, uuid4())) == {job_id}
    assert find(service) == {}


def test_a_redriven_job_names_its_successor(service: Db) -> None:
    """And the successor its predecessor."""
    dead = enqueue(service)
    settle(service, outcome(claim_one(service), "failed", retryable=False))
    new = UUID(str(rpc(service, "redrive_jobs")[0]["redrive_jobs"]))
    found = find(service, dead, new)
    assert (found[dead]["redriven_as"], found[new]["redrive_of"]) == (new, dead)
