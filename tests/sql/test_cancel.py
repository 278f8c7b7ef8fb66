"""cancel_job ends a pending job without running it."""

from uuid import uuid4

from tests.sql.calls import Db, claim, claim_one, enqueue, history, outcome, pending, settle, value


def cancel(db: Db, job_id: object) -> object:
    """Call cancel_job."""
    return value(db, "cancel_job", job_id=job_id)


def test_a_pending_job_is_cancelled(service: Db) -> None:
    """It moves to the history and never runs."""
    job_id = enqueue(service, payload={"a": 1}, priority=3, idempotency_key="k")
    assert cancel(service, job_id) is True
    row = history(service, job_id)
    assert (row["status"], row["payload"], row["priority"]) == ("cancelled", {"a": 1}, 3)
    assert (row["idempotency_key"], row["claim_token"], row["attempts"]) == ("k", None, 0)
    assert claim(service) == []


def test_a_scheduled_job_is_cancelled(service: Db) -> None:
    """Pending includes what is not due yet."""
    assert cancel(service, enqueue(service, scheduled_for="2050-01-01")) is True


def test_a_job_that_waits_for_a_retry_is_cancelled(service: Db) -> None:
    """Its last error stays readable."""
    job_id = enqueue(service)
    settle(service, outcome(claim_one(service), "failed", error="no route"))
    assert cancel(service, job_id) is True
    row = history(service, job_id)
    assert (row["attempts"], row["error_message"]) == (1, "no route")


def test_a_job_in_progress_is_not_cancelled(service: Db) -> None:
    """It cannot be stopped; its worker settles it."""
    job_id = enqueue(service)
    job = claim_one(service)
    assert cancel(service, job_id) is False
    assert settle(service, outcome(job)) == ["settled"]


def test_a_job_that_ended_is_not_cancelled(service: Db) -> None:
    """Nor is one that was cancelled before, or never was."""
    job_id = enqueue(service)
    assert [cancel(service, job_id), cancel(service, job_id), cancel(service, uuid4())] == [True, False, False]


def test_many_are_cancelled_in_one_call(service: Db) -> None:
    """Those that can be: a job in progress, one that is gone and a null are left out, and named only once."""
    claimed = enqueue(service)
    claim_one(service)
    ids = [enqueue(service) for _ in range(3)]
    rows = service.execute(
        "select * from public.cancel_jobs(%s) as id", [[*ids, ids[0], claimed, uuid4(), None]]
    ).fetchall()
    assert {row["id"] for row in rows} == set(ids)
    assert len(rows) == 3
    assert service.execute("select * from public.cancel_jobs(null)").fetchall() == []


def test_a_sync_like_count_job_is_not_cancelled(service: Db) -> None:
    """A rater whose transaction is still open may have joined it: its count would be lost."""
    job_id = enqueue(service, "sync_like_count", payload={"post_id": str(uuid4())}, scheduled_for="2050-01-01")
    assert cancel(service, job_id) is False
    assert pending(service, job_id)["attempts"] == 0


def test_redrive_of_is_kept(service: Db) -> None:
    """In both tables."""
    enqueue(service)
    settle(service, outcome(claim_one(service), "failed", retryable=False))
    (row,) = service.execute("select * from public.redrive_jobs() as id").fetchall()
    redriven = pending(service, row["id"])
    cancel(service, row["id"])
    assert history(service, row["id"])["redrive_of"] == redriven["redrive_of"] is not None
