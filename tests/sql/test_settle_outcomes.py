"""settle_jobs: what each outcome does to a job."""

import json

import pytest

from tests.sql.ageing import make_due
from tests.sql.calls import (
    Db,
    Row,
    claim,
    claim_one,
    ended,
    enqueue,
    history,
    outcome,
    pending,
    settle,
    wait_s,
)


@pytest.fixture
def job(service: Db) -> Row:
    """A claimed job."""
    enqueue(service, payload={"a": 1}, priority=4, idempotency_key="k")
    return claim_one(service, worker_id="w-1")


@pytest.fixture
def last_try(service: Db) -> Row:
    """A job claimed for its only attempt."""
    enqueue(service, max_attempts=1)
    return claim_one(service)


def test_completed_moves_the_job_to_the_history(service: Db, job: Row) -> None:
    """With all that it was, its result and how long it took."""
    assert settle(service, outcome(job, result={"width": 7})) == ["settled"]
    row = history(service, job["id"])
    kept = (
        "job_type",
        "payload",
        "priority",
        "attempts",
        "max_attempts",
        "idempotency_key",
        "claim_token",
        "worker_id",
        "created_at",
        "redrive_of",
    )
    assert {name: row[name] for name in kept} == {name: job[name] for name in kept}
    assert (row["status"], row["result"], row["error_message"]) == ("completed", {"width": 7}, None)
    assert row["duration_ms"] >= 0


def test_the_duration_is_from_the_claim(service: Db, job: Row) -> None:
    """In milliseconds, by the database's clock."""
    service.execute("update public.background_jobs set started_at = clock_timestamp() - interval '90 seconds'")
    settle(service, outcome(job))
    assert 90_000 <= history(service, job["id"])["duration_ms"] < 110_000


def test_failed_waits_with_backoff(service: Db, job: Row) -> None:
    """After the first attempt 5 to 10 seconds; the attempt stays counted."""
    assert settle(service, outcome(job, "failed", error="no route")) == ["settled"]
    row = pending(service, job["id"])
    assert (row["attempts"], row["error_message"], row["claim_token"]) == (1, "no route", None)
    assert row["failed_at"] is not None
    assert 5 <= wait_s(service, job["id"]) < 10


def test_the_backoff_grows_with_the_attempts(service: Db) -> None:
    """The third failure waits 20 to 40 seconds."""
    job_id = enqueue(service, max_attempts=25)
    for _ in range(3):
        make_due(service)
        settle(service, outcome(claim_one(service), "failed"))
    assert 20 <= wait_s(service, job_id) < 40


def test_failed_at_the_last_attempt_is_dead(service: Db, last_try: Row) -> None:
    """With the reason."""
    assert settle(service, outcome(last_try, "failed", error="no route")) == ["settled"]
    row = history(service, last_try["id"])
    assert (row["status"], row["error_message"], row["attempts"]) == ("dead", "no route", 1)


def test_a_dead_job_always_has_a_reason(service: Db, last_try: Row) -> None:
    """Also when the worker gave none: dashboards show it."""
    settle(service, outcome(last_try, "failed"))
    assert history(service, last_try["id"])["error_message"]


def test_not_retryable_is_dead_at_once(service: Db, job: Row) -> None:
    """However many attempts are left."""
    settle(service, outcome(job, "failed", retryable=False, error="bad payload"))
    row = history(service, job["id"])
    assert (row["status"], row["attempts"], row["error_message"]) == ("dead", 1, "bad payload")


def test_not_counted_gives_the_attempt_back(service: Db, job: Row) -> None:
    """The failure was not the job's own."""
    settle(service, outcome(job, "failed", not_counted=True, error="the post is locked"))
    row = pending(service, job["id"])
    assert (row["attempts"], row["error_message"]) == (0, "the post is locked")


def test_not_counted_at_the_last_attempt_stays_pending(service: Db, last_try: Row) -> None:
    """It never dies of what is not its fault."""
    settle(service, outcome(last_try, "failed", not_counted=True))
    assert pending(service, last_try["id"])["attempts"] == 0


@pytest.mark.parametrize("options", [{}, {"not_counted": True}])
def test_a_failure_may_say_when_to_retry(service: Db, job: Row, options: Row) -> None:
    """HTTP 429 with Retry-After: exactly then, without jitter."""
    settle(service, outcome(job, "failed", retry_in_seconds=600, **options))
    assert wait_s(service, job["id"]) == 600


def test_retry_at_once_is_possible(service: Db, job: Row) -> None:
    """Zero seconds is not the same as no wish."""
    settle(service, outcome(job, "failed", retry_in_seconds=0))
    assert wait_s(service, job["id"]) == 0


def test_fractions_of_a_second_are_kept(service: Db, job: Row) -> None:
    """JSON has only one kind of number."""
    settle(service, outcome(job, "snoozed", retry_in_seconds=100.5))
    assert wait_s(service, job["id"]) == 100.5


def test_a_wait_too_short_to_be_told_from_none_is_none(service: Db, job: Row) -> None:
    """No number that JSON can hold makes the call fail in its middle."""
    answers = service.execute(
        "select answer from public.settle_jobs('w', %s)",
        [json.dumps([outcome(job, "snoozed")]).replace('"snoozed"', '"snoozed", "retry_in_seconds": 1e-400')],
    ).fetchall()
    assert answers == [{"answer": "settled"}]
    assert wait_s(service, job["id"]) == 0


def test_snoozed_waits_ten_seconds_and_gives_the_attempt_back(service: Db, job: Row) -> None:
    """Not a failure: the job said that it is too early."""
    assert settle(service, outcome(job, "snoozed")) == ["settled"]
    row = pending(service, job["id"])
    assert (row["attempts"], row["failed_at"], row["error_message"]) == (0, None, None)
    assert wait_s(service, job["id"]) == 10


def test_a_snooze_says_how_long(service: Db, last_try: Row) -> None:
    """And it may snooze at its last attempt."""
    settle(service, outcome(last_try, "snoozed", retry_in_seconds=3600))
    assert wait_s(service, last_try["id"]) == 3600


def test_released_goes_back_as_it_was(service: Db, job: Row) -> None:
    """Claimed and never started: due as before, the attempt given back."""
    settle(service, outcome(job, "released"))
    row = pending(service, job["id"])
    assert (row["attempts"], row["scheduled_for"], row["error_message"]) == (0, job["scheduled_for"], None)
    assert claim_one(service)["attempts"] == 1


def test_discarded_ends_the_job_with_its_reason(service: Db, job: Row) -> None:
    """It is no longer needed: neither success nor failure."""
    settle(service, outcome(job, "discarded", error="the post is gone"))
    row = history(service, job["id"])
    assert (row["status"], row["error_message"]) == ("discarded", "the post is gone")


def test_each_job_of_a_call_has_its_own_outcome(service: Db) -> None:
    """One job's failure is that job's alone."""
    for _ in range(5):
        enqueue(service)
    kinds = ["completed", "failed", "snoozed", "discarded", "released"]
    jobs = claim(service)
    assert settle(service, *(outcome(job, kind) for job, kind in zip(jobs, kinds, strict=True))) == ["settled"] * 5
    statuses = [(ended(service, job["id"]) or pending(service, job["id"]))["status"] for job in jobs]
    assert statuses == ["completed", "pending", "pending", "discarded", "pending"]


def test_a_later_success_forgets_the_earlier_error(service: Db, job: Row) -> None:
    """A completed job has no error message."""
    settle(service, outcome(job, "failed", error="no route", retry_in_seconds=0))
    settle(service, outcome(claim_one(service)))
    row = history(service, job["id"])
    assert (row["status"], row["attempts"], row["error_message"]) == ("completed", 2, None)


def test_a_thousand_outcomes_in_one_call(service: Db) -> None:
    """As many as one claim can give."""
    service.execute(
        "insert into public.background_jobs (job_type) select 'send_notification' from generate_series(1, 1000)"
    )
    jobs = claim(service, 1000)
    assert settle(service, *map(outcome, jobs)) == ["settled"] * 1000
