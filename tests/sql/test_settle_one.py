"""complete_job and fail_job settle one job, fenced like all the others."""

from uuid import uuid4

import psycopg
import pytest

from tests.sql.calls import Db, Row, active, claim_one, enqueue, history, pending, value


@pytest.fixture
def job(service: Db) -> Row:
    """A claimed job."""
    enqueue(service)
    return claim_one(service)


def token_of(job: Row) -> Row:
    """Return the arguments that name the job."""
    return {"job_id": job["id"], "claim_token": job["claim_token"]}


def test_complete_job_keeps_the_result(service: Db, job: Row) -> None:
    """Settled, then already."""
    assert value(service, "complete_job", **token_of(job), job_result={"a": 1}) == "settled"
    assert value(service, "complete_job", **token_of(job)) == "already"
    row = history(service, job["id"])
    assert (row["status"], row["result"]) == ("completed", {"a": 1})


def test_fail_job_is_retried(service: Db, job: Row) -> None:
    """Unless it says otherwise."""
    assert value(service, "fail_job", **token_of(job), error_msg="no route") == "settled"
    row = pending(service, job["id"])
    assert (row["attempts"], row["error_message"]) == (1, "no route")


def test_fail_job_may_be_for_good(service: Db, job: Row) -> None:
    """Then it is dead at once."""
    assert value(service, "fail_job", **token_of(job), error_msg="bad payload", retryable=False) == "settled"
    assert history(service, job["id"])["error_message"] == "bad payload"


@pytest.mark.parametrize("function", ["complete_job", "fail_job"])
def test_a_foreign_token_is_stale(service: Db, job: Row, function: str) -> None:
    """There is no way around the fence."""
    extra = {"error_msg": "x"} if function == "fail_job" else {}
    assert value(service, function, **(token_of(job) | {"claim_token": uuid4()}), **extra) == "stale"
    assert active(service, job["id"]) == job


@pytest.mark.parametrize("function", ["complete_job", "fail_job"])
def test_no_token_is_refused(service: Db, job: Row, function: str) -> None:
    """A null token matches nothing, and is a mistake."""
    extra = {"error_msg": "x"} if function == "fail_job" else {}
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        value(service, function, **(token_of(job) | {"claim_token": None}), **extra)
    assert active(service, job["id"]) == job


def test_fail_job_without_a_message_is_a_failure_all_the_same(service: Db, job: Row) -> None:
    """A null message is no reason to lose the outcome."""
    assert value(service, "fail_job", **token_of(job), error_msg=None, retryable=None) == "settled"
    assert pending(service, job["id"])["attempts"] == 1
