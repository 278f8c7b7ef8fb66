"""A malformed array rejects the whole settle call, says which element, and changes nothing."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.sql.calls import Db, Row, active, claim_one, enqueue, outcome, rpc, settle


@pytest.fixture
def job(service: Db) -> Row:
    """A claimed job."""
    enqueue(service)
    return claim_one(service)


@pytest.mark.parametrize(
    "broken",
    [
        {"outcome": "finished"},
        {"outcome": None},
        {"outcome": 7},
        {"id": "7"},
        {"id": None},
        {"claim_token": "secret"},
        {"claim_token": None},
        {"error": 7},
        {"error": {"text": "no"}},
        {"retryable": "no"},
        {"retryable": 0},
        {"not_counted": 1},
        {"retry_in_seconds": "10"},
        {"retry_in_seconds": -1},
        {"retry_in_seconds": 31536001},
        {"retry_in_seconds": 10**300},
        {"retryable": False, "not_counted": True},
    ],
)
def test_a_malformed_element_rejects_the_call_and_is_named(service: Db, job: Row, broken: Row) -> None:
    """The good outcomes beside it are not applied either: the worker settles them again, one by one."""
    bad = outcome(job, "failed") | broken
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"outcomes\[1\]"):
        settle(service, outcome(job), bad, outcome(job) | {"id": str(uuid4())})
    assert active(service, job["id"]) == job


@pytest.mark.parametrize("missing", ["id", "claim_token", "outcome"])
def test_an_element_without_what_it_needs_rejects_the_call(service: Db, job: Row, missing: str) -> None:
    """There is no way to settle without the token."""
    bad = {name: each for name, each in outcome(job).items() if name != missing}
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=rf"outcomes\[0\].*{missing}"):
        settle(service, bad)
    assert active(service, job["id"]) == job


@pytest.mark.parametrize("element", [None, 7, "completed", []])
def test_an_element_that_is_no_object_rejects_the_call(service: Db, job: Row, element: Any) -> None:
    """And is named."""
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"outcomes\[1\].*object"):
        settle(service, outcome(job), element)
    assert active(service, job["id"]) == job


@pytest.mark.parametrize("array", ["{}", '"text"', "null", "7", None])
def test_anything_but_an_array_is_refused(service: Db, array: str | None) -> None:
    """With the code for a bad argument."""
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="array"):
        rpc(service, "settle_jobs", worker_id="w", outcomes=array)


def test_the_first_bad_element_is_named(service: Db, job: Row) -> None:
    """By its position in the array, counted from 0."""
    bad = outcome(job, "finished")
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=r"outcomes\[2\]"):
        settle(service, outcome(job), outcome(job), bad, bad)


def test_nulls_mean_the_defaults(service: Db, job: Row) -> None:
    """A worker may send every key, empty ones as null."""
    nothing = dict.fromkeys(("result", "error", "retryable", "not_counted", "retry_in_seconds"))
    assert settle(service, outcome(job, "failed", **nothing)) == ["settled"]
    row = active(service, job["id"])
    assert row is not None
    assert (row["status"], row["attempts"]) == ("pending", 1)
