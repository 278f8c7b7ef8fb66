"""Decisions: what a handler's end makes of its job."""

import json
import math
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from lib import errors
from lib.queue import Completed, Discard, Policy, Snooze
from lib.queue.jsonable import MAX_ERROR_CHARACTERS, storable_text
from lib.queue.settlement import Settlement, release, settle_failure, settle_outcome
from tests.pure.making import JOB_ID, TOKEN, job

POLICY = Policy(timeout_s=1)
NOW = job().created_at + timedelta(minutes=2)
OWN_BACKOFF = Policy(timeout_s=1, backoff_base_s=4, backoff_cap_s=100)
A_YEAR_S = 31_536_000


class Unprintable(Exception):
    """An exception whose text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def row(settlement: Settlement) -> dict[str, Any]:
    """Return what the database is told, as it arrives: through JSON."""
    told: dict[str, Any] = json.loads(to_json(settlement.to_outcome()))
    assert UUID(told.pop("id")) == JOB_ID
    assert UUID(told.pop("claim_token")) == TOKEN
    return told


def test_completed_keeps_its_result() -> None:
    """In the history."""
    assert row(settle_outcome(job(), Completed({"likes": 3}))) == {"outcome": "completed", "result": {"likes": 3}}
    assert row(settle_outcome(job(), Completed())) == {"outcome": "completed"}


def test_snooze_and_discard_say_why() -> None:
    """Normal ends, with a reason for whoever wonders."""
    snoozed = row(settle_outcome(job(), Snooze(5, "later")))
    assert snoozed == {"outcome": "snoozed", "error": "later", "retry_in_seconds": 5}
    assert row(settle_outcome(job(), Discard("gone"))) == {"outcome": "discarded", "error": "gone"}


def test_released_tells_nothing_else() -> None:
    """It was never started."""
    assert row(release(job())) == {"outcome": "released"}


@pytest.mark.parametrize(
    ("error", "attempts", "ending", "told"),
    [
        (ValueError("bad"), 1, "retried", {"error": "ValueError: bad"}),
        (ValueError(), 1, "retried", {"error": "ValueError"}),
        (ValueError("bad"), 3, "dead", {"error": "ValueError: bad"}),
        (errors.JobFailure("bad"), 2, "retried", {"error": "JobFailure: bad"}),
        (errors.JobFailure("bad"), 3, "dead", {"error": "JobFailure: bad"}),
        (errors.PermanentFailure("no"), 1, "dead", {"error": "PermanentFailure: no", "retryable": False}),
        (errors.TimedOut("slow"), 1, "retried", {"error": "TimedOut: slow"}),
        (errors.TimedOut("slow"), 3, "dead", {"error": "TimedOut: slow"}),
        (errors.RetryLater("429", 30), 1, "retried", {"error": "RetryLater: 429", "retry_in_seconds": 30}),
        (errors.RetryLater("429", 30), 3, "dead", {"error": "RetryLater: 429", "retry_in_seconds": 30}),
        (
            errors.NotReady("busy", 2),
            3,
            "retried",
            {"error": "NotReady: busy", "not_counted": True, "retry_in_seconds": 2},
        ),
        (
            errors.DatabaseUnavailable("toggle_like", "no answer"),
            3,
            "retried",
            {"error": "DatabaseUnavailable: toggle_like: no answer", "not_counted": True},
        ),
        (
            errors.DatabaseTimeout("toggle_like", "no answer in time"),
            3,
            "retried",
            {"error": "DatabaseTimeout: toggle_like: no answer in time", "not_counted": True},
        ),
        (
            errors.DatabaseRejected("toggle_like", "no", "42501"),
            3,
            "dead",
            {"error": "DatabaseRejected: toggle_like: no (42501)"},
        ),
    ],
)
def test_each_failure_has_its_consequence(error: Exception, attempts: int, ending: str, told: dict[str, Any]) -> None:
    """The attempt counts, or is given back; the job waits, or is dead."""
    settlement = settle_failure(job(attempts=attempts), POLICY, error, 0.5, NOW)
    assert settlement.ending == ending
    assert row(settlement) == {"outcome": "failed", "retryable": True, "not_counted": False} | told


@pytest.mark.parametrize(("minutes", "attempts", "ending"), [(59, 3, "retried"), (61, 1, "retried"), (61, 3, "dead")])
@pytest.mark.parametrize(
    "error",
    [
        errors.DatabaseTimeout("f", "slow"),
        errors.UnreadableAnswer("f", "likes: Field required"),
        errors.SchemaDiffers("f", "Could not find the function public.f", "PGRST202"),
    ],
    ids=repr,
)
def test_what_may_pass_counts_after_an_hour(error: Exception, minutes: int, attempts: int, ending: str) -> None:
    """By then neither load nor a deployment under way is to blame: a job whose own query takes too long has to end."""
    now = job().created_at + timedelta(minutes=minutes)
    settlement = settle_failure(job(attempts=attempts), POLICY, error, 0.5, now)
    assert (settlement.ending, settlement.not_counted) == (ending, minutes < 60)


def test_a_policys_own_backoff_is_told_to_the_database() -> None:
    """4 s doubled once, at the middle of the jitter; an answer of the server counts more."""
    settlement = settle_failure(job(attempts=2), OWN_BACKOFF, ValueError("x"), 0.5, NOW)
    assert settlement.retry_in_seconds == 6
    asked = settle_failure(job(attempts=2), OWN_BACKOFF, errors.RetryLater("429", 90), 0.5, NOW)
    assert asked.retry_in_seconds == 90


@pytest.mark.parametrize("seconds", [-1, -math.inf, 0, math.inf, 1e300, A_YEAR_S + 1, 10**400, -(10**400), Decimal(5)])
def test_a_wait_is_one_that_the_database_takes(seconds: float) -> None:
    """Or it would refuse the settlement, and the job would be rescued as if it had killed its worker."""
    for settlement in (
        settle_outcome(job(), Snooze(seconds, "later")),
        settle_failure(job(), POLICY, errors.RetryLater("429", seconds), 0.0, NOW),
        settle_failure(job(), POLICY, errors.NotReady("busy", seconds), 0.0, NOW),
    ):
        assert 0 <= row(settlement)["retry_in_seconds"] <= A_YEAR_S
        assert json.dumps(row(settlement))


@pytest.mark.parametrize("seconds", [math.nan, None, "soon"])
def test_no_number_is_no_wait_that_was_asked_for(seconds: Any) -> None:
    """The database then decides."""
    for settlement in (
        settle_outcome(job(), Snooze(seconds, "later")),
        settle_failure(job(), POLICY, errors.RetryLater("429", seconds), 0.0, NOW),
        settle_failure(job(), POLICY, errors.NotReady("busy", seconds), 0.0, NOW),
    ):
        assert "retry_in_seconds" not in row(settlement)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain", "plain"),
        ("a\0b", "a\u2400b"),
        ("a\ud800b", "a?b"),
        ("x" * 5000, "x" * MAX_ERROR_CHARACTERS),
        ("\0" * 5000, "\u2400" * MAX_ERROR_CHARACTERS),
        ("\U0001f600" * 3000, "\U0001f600" * MAX_ERROR_CHARACTERS),
    ],
)
def test_messages_become_what_postgres_stores(text: str, stored: str) -> None:
    """No NUL, no half of a surrogate pair, at most 2,000 characters."""
    assert storable_text(text) == stored
    failed = settle_failure(job(), POLICY, errors.PermanentFailure(text), 0.0, NOW)
    assert failed.error == storable_text(f"PermanentFailure: {text}")
    assert row(settle_outcome(job(), Discard(text)))["error"] == stored
    assert row(settle_outcome(job(), Snooze(1, text)))["error"] == stored


@given(st.text(st.characters()))
def test_any_text_can_be_stored(text: str) -> None:
    """Exceptions carry what the outside world sent."""
    cleaned = storable_text(text)
    assert "\0" not in cleaned
    assert len(cleaned) <= MAX_ERROR_CHARACTERS
    cleaned.encode()


def test_an_exception_without_a_text_is_named() -> None:
    """Even one whose __str__ raises: reporting a failure must not fail."""
    assert settle_failure(job(), POLICY, Unprintable(), 0.0, NOW).error == "Unprintable"


@pytest.mark.parametrize(
    "result",
    [
        {"at": object()},
        {"at": {1, 2}},
        {"at": b"bytes"},
        {"at": math.nan},
        {"at": math.inf},
        {"at": UUID(int=0)},
        {(1, 2): "a tuple as key"},
    ],
)
def test_a_result_that_is_no_json_is_the_handlers_failure(result: Mapping[str, Any]) -> None:
    """Dead at once: the next attempt would return it too."""
    settlement = settle_outcome(job(), Completed(result))
    assert settlement.ending == "dead"
    assert row(settlement)["retryable"] is False
    assert "not JSON" in str(settlement.error)


def test_a_result_without_end_is_the_handlers_failure() -> None:
    """A circle, or a thousand levels."""
    circle: dict[str, Any] = {}
    circle["self"] = circle
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"in": deep}
    for result in (circle, deep):
        assert settle_outcome(job(), Completed(result)).ending == "dead"


@pytest.mark.parametrize("levels", range(200, 1200, 50))
def test_a_deep_result_is_stored_or_refused(levels: int) -> None:
    """And never an exception of ours, wherever Python's own limit lies."""
    deep: dict[str, Any] = {}
    for _ in range(levels):
        deep = {"in": deep}
    assert settle_outcome(job(), Completed(deep)).ending in ("completed", "dead")


@pytest.mark.parametrize(
    ("result", "stored"),
    [
        ({"a\0": ["b\0", {"c": "\ud800"}]}, {"a\u2400": ["b\u2400", {"c": "?"}]}),
        ({1: "number", None: "null", False: "no"}, {"1": "number", "null": "null", "false": "no"}),
        ({"t": (1, 2)}, {"t": [1, 2]}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ({}, {}),
    ],
)
def test_a_result_becomes_what_jsonb_stores(result: Mapping[str, Any], stored: dict[str, Any]) -> None:
    """The same JSON, without what jsonb refuses."""
    assert row(settle_outcome(job(), Completed(result))) == {"outcome": "completed", "result": stored}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters()), json_values))
def test_any_result_is_either_stored_or_refused(result: dict[str, Any]) -> None:
    """What is told is always JSON in UTF-8 without NUL."""
    text = json.dumps(row(settle_outcome(job(), Completed(result))), ensure_ascii=False)
    assert "\\u0000" not in text
    text.encode()


def test_a_result_over_the_limit_is_never_sent() -> None:
    """Tens of megabytes in one settlement held up those of the whole batch."""
    within = {"a": "ä" * 32_700}
    assert row(settle_outcome(job(), Completed(within)))["result"] == within
    sent = row(settle_outcome(job(), Completed({"a": "ä" * 32_800})))["result"]
    assert sent == {"note": "a result of 65609 bytes was left out: at most 65536 are kept"}
