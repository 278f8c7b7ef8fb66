"""rescue_expired_jobs takes back what a lost worker held; isolation saves its innocent neighbours."""

from tests.sql.ageing import expire_leases, make_due
from tests.sql.calls import (
    Db,
    active,
    claim,
    claim_isolated,
    claim_one,
    enqueue,
    history,
    outcome,
    pending,
    rescue,
    rpc,
    settle,
    wait_s,
)


def test_a_valid_lease_is_left_alone(service: Db) -> None:
    """Its worker is at work."""
    enqueue(service)
    job = claim_one(service)
    assert rescue(service) == (0, 0)
    assert active(service, job["id"]) == job


def test_nothing_to_rescue_is_one_row_of_zeros(service: Db) -> None:
    """The worker adds them up."""
    assert rpc(service, "rescue_expired_jobs") == [{"requeued": 0, "dead": 0}]


def test_the_first_lost_lease_gives_the_attempt_back_and_isolates(service: Db) -> None:
    """At most one of the jobs that a worker took along is to blame: none is charged."""
    enqueue(service)
    job = claim_one(service, worker_id="w-1")
    expire_leases(service)
    assert rescue(service) == (1, 0)
    row = pending(service, job["id"])
    assert (row["attempts"], row["isolated"], row["claim_token"]) == (0, True, None)
    assert "lease expired" in row["error_message"]
    assert "w-1" in row["error_message"]


def test_a_rescued_job_waits_with_backoff(service: Db) -> None:
    """A job that kills its worker must not do so again at once."""
    job_id = enqueue(service)
    claim_one(service)
    expire_leases(service)
    rescue(service)
    assert 5 <= wait_s(service, job_id) < 10


def test_the_first_lost_lease_never_kills(service: Db) -> None:
    """Not even at the last attempt: it may be another job's fault."""
    job_id = enqueue(service, max_attempts=1)
    claim_one(service)
    expire_leases(service)
    assert rescue(service) == (1, 0)
    assert pending(service, job_id)["attempts"] == 0


def test_an_isolated_job_s_lost_lease_counts(service: Db) -> None:
    """It ran alone: nobody else is to blame."""
    job_id = enqueue(service)
    claim_one(service)
    for attempts in (0, 1, 2):
        expire_leases(service)
        assert rescue(service) == (1, 0)
        row = pending(service, job_id)
        assert (row["attempts"], row["isolated"]) == (attempts, True)
        make_due(service)
        assert len(claim_isolated(service)) == 1


def test_the_last_lost_lease_is_dead_and_says_so(service: Db) -> None:
    """An operator must see why, and which worker it was."""
    job_id = enqueue(service, max_attempts=2, idempotency_key="k", payload={"a": 1})
    claim_one(service)
    for _ in range(2):
        expire_leases(service)
        assert rescue(service) == (1, 0)
        make_due(service)
        claim_isolated(service, worker_id="w-9")
    expire_leases(service)
    assert rescue(service) == (0, 1)
    row = history(service, job_id)
    assert (row["status"], row["attempts"], row["claim_token"]) == ("dead", 2, None)
    assert (row["idempotency_key"], row["payload"], row["worker_id"]) == ("k", {"a": 1}, "w-9")
    assert "lease expired" in row["error_message"]
    assert "w-9" in row["error_message"]


def test_an_isolated_job_that_fails_counts_as_any_other(service: Db) -> None:
    """Isolation says how it runs, not how it is judged."""
    job_id = enqueue(service, max_attempts=2)
    claim_one(service)
    expire_leases(service)
    rescue(service)
    for _ in range(2):
        make_due(service)
        (job,) = claim_isolated(service)
        settle(service, outcome(job, "failed", error="no route"))
    assert history(service, job_id)["error_message"] == "no route"


def test_an_isolated_job_stays_isolated_until_it_ends(service: Db) -> None:
    """Released, snoozed or failed, it may still be the poison."""
    job_id = enqueue(service)
    claim_one(service)
    expire_leases(service)
    rescue(service)
    for kind in ("released", "snoozed", "failed"):
        make_due(service)
        (job,) = claim_isolated(service)
        settle(service, outcome(job, kind))
        assert pending(service, job_id)["isolated"] is True


def test_only_so_many_are_rescued_in_one_call(service: Db) -> None:
    """Those whose lease expired first; the worker calls again until none is left."""
    for _ in range(5):
        enqueue(service)
    claim(service)
    expire_leases(service)
    assert [rescue(service, 2), rescue(service, 2), rescue(service, 2), rescue(service, 2)] == [
        (2, 0),
        (2, 0),
        (1, 0),
        (0, 0),
    ]


def test_both_fates_are_counted_in_one_call(service: Db) -> None:
    """One isolated job at its last attempt, one that lost its first lease."""
    old = enqueue(service, max_attempts=1)
    claim_one(service)
    expire_leases(service)
    rescue(service)
    make_due(service)
    claim_isolated(service)
    new = enqueue(service)
    claim_one(service)
    expire_leases(service)
    assert rescue(service) == (1, 1)
    assert history(service, old)["status"] == "dead"
    assert pending(service, new)["isolated"] is True
