"""attempt_log and deferrals: what a job went through before its last attempt."""

from datetime import datetime

from tests.sql.ageing import expire_leases, make_due
from tests.sql.calls import Db, claim, claim_isolated, enqueue, history, outcome, pending, rescue, settle, wait_s

# The backoff of one, two ... attempts that were given back, in seconds.
LOWEST = [5, 10, 20, 40, 80, 160]
HIGHEST = [10, 20, 40, 80, 160, 320]


def test_the_log_says_how_each_attempt_ended(service: Db) -> None:
    """Earlier attempts are not overwritten by the last one, and go with the job into the history."""
    job_id = enqueue(service, max_attempts=2)
    (first,) = claim(service, worker_id="w-1")
    settle(service, outcome(first, "failed", error="boom"))
    make_due(service)
    claim(service, worker_id="w-2")
    expire_leases(service)
    rescue(service)
    make_due(service)
    (last,) = claim_isolated(service)
    settle(service, outcome(last))
    log = history(service, job_id)["attempt_log"]
    assert [(each["outcome"], each["worker_id"]) for each in log] == [("failed", "w-1"), ("lease expired", "w-2")]
    assert log[0]["error"] == "boom"
    assert datetime.fromisoformat(log[0]["started_at"]) == first["started_at"]


def test_a_job_that_completes_at_once_has_no_log(service: Db) -> None:
    """Nearly all jobs do: it costs them nothing."""
    job_id = enqueue(service)
    settle(service, outcome(claim(service)[0]))
    assert history(service, job_id)["attempt_log"] is None


def test_the_log_keeps_the_last_twenty(service: Db) -> None:
    """A job may be snoozed for weeks."""
    job_id = enqueue(service)
    for number in range(22):
        settle(service, outcome(claim(service)[0], "snoozed", error=str(number), retry_in_seconds=0))
    log = pending(service, job_id)["attempt_log"]
    assert [each["error"] for each in log] == [str(number) for number in range(2, 22)]


def test_each_attempt_given_back_makes_the_next_wait_longer(service: Db) -> None:
    """An outage of somebody else costs no attempt, but it must not be asked every ten seconds for ever."""
    job_id = enqueue(service)
    waits = []
    for _ in range(6):
        settle(service, outcome(claim(service)[0], "failed", not_counted=True))
        waits.append(wait_s(service, job_id))
        make_due(service)
    row = pending(service, job_id)
    assert (row["attempts"], row["deferrals"]) == (0, 6)
    assert all(low <= wait <= high for wait, low, high in zip(waits, LOWEST, HIGHEST, strict=True))


def test_a_released_job_was_not_deferred(service: Db) -> None:
    """It never started."""
    job_id = enqueue(service)
    settle(service, outcome(claim(service)[0], "released"))
    assert (pending(service, job_id)["deferrals"], pending(service, job_id)["attempt_log"]) == (0, None)
