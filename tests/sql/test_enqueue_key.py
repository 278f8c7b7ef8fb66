"""An idempotency key names one job: while it is active, and for a while after it completed."""

from typing import Any

import psycopg
import pytest

from tests.sql.ageing import age_end, expire_leases
from tests.sql.calls import Db, Row, claim_one, count, ended, history, outcome, rescue, rpc, settle, value


def ask(db: Db, **arguments: Any) -> Row:
    """Enqueue under one key."""
    (row,) = rpc(db, "enqueue_job", **({"job_type": "send_notification", "idempotency_key": "k"} | arguments))
    return row


def complete(db: Db) -> object:
    """Enqueue under the key and complete that job; return its id."""
    job_id = ask(db)["id"]
    assert settle(db, outcome(claim_one(db))) == ["settled"]
    return job_id


def test_a_pending_job_holds_its_key(service: Db) -> None:
    """A repeated call, its first reply lost, must not make a second job."""
    first, second = ask(service), ask(service)
    assert second == {"id": first["id"], "created": False, "status": "pending"}
    assert count(service) == 1


def test_a_job_in_progress_holds_its_key(service: Db) -> None:
    """It is still active."""
    first = ask(service)
    claim_one(service)
    assert ask(service) == {"id": first["id"], "created": False, "status": "processing"}


def test_a_job_that_waits_for_a_retry_holds_its_key(service: Db) -> None:
    """A failed attempt is not the end."""
    first = ask(service)
    settle(service, outcome(claim_one(service), "failed"))
    assert ask(service) == {"id": first["id"], "created": False, "status": "pending"}


def test_a_completed_job_holds_its_key_for_a_day(service: Db) -> None:
    """86,400 seconds unless said otherwise."""
    job_id = complete(service)
    age_end(service, job_id, 86390)
    assert ask(service) == {"id": job_id, "created": False, "status": "completed"}
    assert count(service) == 0


def test_the_key_is_free_after_the_window(service: Db) -> None:
    """The next day's job of the same name is another one."""
    job_id = complete(service)
    age_end(service, job_id, 86401)
    again = ask(service)
    assert (again["created"], again["id"] != job_id) == (True, True)


@pytest.mark.parametrize(("age", "created"), [(55, False), (61, True)])
def test_the_caller_chooses_the_window(service: Db, age: int, created: bool) -> None:
    """dedupe_seconds is measured from the completion."""
    age_end(service, complete(service), age)
    assert ask(service, dedupe_seconds=60)["created"] is created


def test_a_window_of_zero_frees_the_key_at_completion(service: Db) -> None:
    """Then only active jobs hold it."""
    complete(service)
    assert ask(service, dedupe_seconds=0)["created"] is True


def test_the_latest_completion_counts(service: Db) -> None:
    """An older job under the same key, outside the window, does not hide a newer one inside it."""
    age_end(service, complete(service), 100_000)
    newer = complete(service)
    assert ask(service)["id"] == newer


def test_a_dead_job_frees_its_key(service: Db) -> None:
    """Whoever asks again wants it done."""
    first = ask(service)
    settle(service, outcome(claim_one(service), "failed", retryable=False))
    assert history(service, first["id"])["status"] == "dead"
    assert ask(service)["created"] is True


def test_a_discarded_job_frees_its_key(service: Db) -> None:
    """It never did its work."""
    ask(service)
    settle(service, outcome(claim_one(service), "discarded", error="not needed"))
    assert ask(service)["created"] is True


def test_a_cancelled_job_frees_its_key(service: Db) -> None:
    """It never ran."""
    first = ask(service)
    assert value(service, "cancel_job", job_id=first["id"]) is True
    assert ask(service)["created"] is True


@pytest.mark.parametrize("difference", [{"payload": {"other": 1}}, {"job_type": "process_image"}])
def test_another_job_under_the_key_of_an_active_one_is_refused(service: Db, difference: Row) -> None:
    """PT409, which PostgREST answers as 409: the caller's key does not mean what it thinks."""
    first = ask(service)
    with pytest.raises(psycopg.Error) as refused:
        ask(service, **difference)
    assert refused.value.sqlstate == "PT409"
    assert str(first["id"]) in str(refused.value)
    assert count(service) == 1


@pytest.mark.parametrize("difference", [{"payload": {"other": 1}}, {"job_type": "process_image"}])
def test_another_job_under_the_key_of_a_completed_one_is_refused(service: Db, difference: Row) -> None:
    """For as long as it holds the key; and the attempt leaves nothing behind."""
    complete(service)
    with pytest.raises(psycopg.Error) as refused:
        ask(service, **difference)
    assert refused.value.sqlstate == "PT409"
    assert count(service) == 0


def test_payloads_are_compared_by_value(service: Db) -> None:
    """The order of keys and the way a number is written say nothing."""
    first = ask(service, payload={"a": 1, "b": [2]})
    assert ask(service, payload={"b": [2], "a": 1})["id"] == first["id"]


def test_priority_and_schedule_do_not_matter_for_the_key(service: Db) -> None:
    """They say when a job runs, not what it is; the existing job keeps its own."""
    first = ask(service, priority=1)
    second = ask(service, priority=9, max_attempts=9)
    assert (second["id"], second["created"]) == (first["id"], False)
    assert claim_one(service)["priority"] == 1


def test_the_history_keeps_the_key(service: Db) -> None:
    """It is how a caller finds what became of its job."""
    row = ended(service, complete(service))
    assert row is not None
    assert row["idempotency_key"] == "k"


def test_a_rescued_job_holds_its_key(service: Db) -> None:
    """A lost worker does not free it."""
    first = ask(service)
    claim_one(service)
    expire_leases(service)
    assert rescue(service) == (1, 0)
    assert ask(service) == {"id": first["id"], "created": False, "status": "pending"}
