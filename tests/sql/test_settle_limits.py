"""Long errors are cut and large results replaced: a settle never fails for what a job said."""

import json

import pytest

from tests.sql.calls import Db, Row, claim_one, enqueue, history, outcome, pending, settle

LARGEST_RESULT = 65536


@pytest.fixture
def job(service: Db) -> Row:
    """A claimed job."""
    enqueue(service)
    return claim_one(service)


def text_of(size: int) -> str:
    """Return a string whose JSON has this many bytes."""
    return "x" * (size - 2)


def test_an_error_of_2000_characters_is_kept(service: Db, job: Row) -> None:
    """The limit is allowed; characters, not bytes."""
    settle(service, outcome(job, "failed", error="ä" * 2000))
    assert pending(service, job["id"])["error_message"] == "ä" * 2000


@pytest.mark.parametrize("retryable", [True, False])
def test_a_longer_error_is_cut(service: Db, job: Row, retryable: bool) -> None:
    """In both tables."""
    settle(service, outcome(job, "failed", error="ä" * 2001, retryable=retryable))
    row = pending(service, job["id"]) if retryable else history(service, job["id"])
    assert row["error_message"] == "ä" * 2000


def test_a_reason_for_a_discard_is_cut_too(service: Db, job: Row) -> None:
    """It is the same column."""
    settle(service, outcome(job, "discarded", error="r" * 5000))
    assert history(service, job["id"])["error_message"] == "r" * 2000


def test_a_result_of_64_kib_is_kept(service: Db, job: Row) -> None:
    """The limit is allowed."""
    settle(service, outcome(job, result=text_of(LARGEST_RESULT)))
    assert history(service, job["id"])["result"] == text_of(LARGEST_RESULT)


def test_a_larger_result_is_replaced_by_a_note(service: Db, job: Row) -> None:
    """The job did its work: it is completed all the same, and the note says what is missing."""
    assert settle(service, outcome(job, result=text_of(LARGEST_RESULT + 1))) == ["settled"]
    row = history(service, job["id"])
    assert row["status"] == "completed"
    assert str(LARGEST_RESULT + 1) in row["result"]["note"]


@pytest.mark.parametrize("number", ["1e5000", "-1e309"])
def test_a_number_that_no_reader_takes_is_replaced_by_a_note(service: Db, job: Row, number: str) -> None:
    """Python reads at most 4,300 digits: one such result would fail each listing that it is in."""
    outcomes = f"""[{{"id": "{job["id"]}", "claim_token": "{job["claim_token"]}", "outcome": "completed",
      "result": {{"a": [{number}]}}}}]"""
    service.execute("select * from public.settle_jobs('w-1', %s)", (outcomes,))
    row = history(service, job["id"])
    assert row["status"] == "completed"
    assert "308 digits" in row["result"]["note"]


@pytest.mark.parametrize("result", [None, 0, "text", [1, 2], {"a": {"b": None}}, False])
def test_a_result_is_any_json_value(service: Db, job: Row, result: object) -> None:
    """A null is no result."""
    settle(service, outcome(job, result=result))
    stored = history(service, job["id"])["result"]
    assert json.dumps(stored) == json.dumps(result)
