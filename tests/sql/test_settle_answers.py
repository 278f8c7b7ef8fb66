"""settle_jobs answers settled, already or stale: the claim token is the fence."""

from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from tests.sql.ageing import expire_leases, make_due
from tests.sql.calls import (
    Db,
    Row,
    active,
    claim,
    claim_isolated,
    claim_one,
    ended,
    enqueue,
    history,
    outcome,
    pending,
    rescue,
    settle,
)

ENDS = ["completed", "discarded"]
RETURNS = ["failed", "snoozed", "released"]


@pytest.fixture
def job(service: Db) -> Row:
    """A claimed job with three attempts."""
    enqueue(service)
    return claim_one(service)


@pytest.mark.parametrize("kind", ENDS + RETURNS)
def test_a_repeated_call_is_answered_already(service: Db, job: Row, kind: str) -> None:
    """The first reply was lost: the caller learns that its outcome stands, and nothing changes."""
    settle(service, outcome(job, kind, error="first"))
    before = active(service, job["id"]), ended(service, job["id"])
    assert settle(service, outcome(job, kind, error="second")) == ["already"]
    assert (active(service, job["id"]), ended(service, job["id"])) == before


def test_a_repeated_call_that_says_otherwise_changes_nothing(service: Db, job: Row) -> None:
    """The first word stands."""
    settle(service, outcome(job, result=1))
    assert settle(service, outcome(job, "failed", retryable=False)) == ["already"]
    assert history(service, job["id"])["status"] == "completed"


def test_a_repeated_death_is_answered_already(service: Db, job: Row) -> None:
    """A dead job remembers the token that ended it."""
    end = outcome(job, "failed", retryable=False)
    assert [settle(service, end), settle(service, end)] == [["settled"], ["already"]]


@pytest.mark.parametrize("kind", ENDS + RETURNS)
def test_a_foreign_token_is_stale(service: Db, job: Row, kind: str) -> None:
    """Knowing the id is not enough, and nothing changes."""
    assert settle(service, outcome(job | {"claim_token": uuid4()}, kind)) == ["stale"]
    assert active(service, job["id"]) == job


def test_a_token_of_another_job_is_stale(service: Db, job: Row) -> None:
    """A token belongs to one job."""
    enqueue(service)
    other = claim_one(service)
    assert settle(service, outcome(job | {"claim_token": other["claim_token"]})) == ["stale"]
    assert active(service, job["id"]) == job
    assert active(service, other["id"]) == other


def test_no_such_job_is_stale(service: Db, job: Row) -> None:
    """Also when the rest of the call is good."""
    assert settle(service, outcome(job | {"id": uuid4()}), outcome(job)) == ["stale", "settled"]


def test_a_pending_job_cannot_be_settled(service: Db) -> None:
    """It has no token."""
    job_id = enqueue(service)
    assert settle(service, outcome({"id": job_id, "claim_token": uuid4()})) == ["stale"]
    assert pending(service, job_id)["attempts"] == 0


def test_a_rescued_job_is_stale_for_its_old_worker(service: Db, job: Row) -> None:
    """A rescue is not a settle: the worker must not believe that its work counted."""
    expire_leases(service)
    rescue(service)
    before = active(service, job["id"])
    assert settle(service, outcome(job)) == ["stale"]
    assert active(service, job["id"]) == before


def test_a_job_that_a_rescue_made_dead_is_stale(service: Db) -> None:
    """It is in the history, but this token did not end it."""
    enqueue(service, max_attempts=1)
    claim_one(service)
    expire_leases(service)
    rescue(service)
    make_due(service)
    (job,) = claim_isolated(service)
    expire_leases(service)
    assert rescue(service) == (0, 1)
    assert history(service, job["id"])["status"] == "dead"
    assert settle(service, outcome(job)) == ["stale"]


def test_the_next_claim_makes_the_old_token_stale(service: Db, job: Row) -> None:
    """Two workers, one job: only the holder of the newest token settles."""
    expire_leases(service)
    rescue(service)
    make_due(service)
    (newer,) = claim_isolated(service)
    assert settle(service, outcome(job, result="old")) == ["stale"]
    assert settle(service, outcome(newer, result="new")) == ["settled"]
    assert settle(service, outcome(job, result="old")) == ["stale"]
    assert history(service, job["id"])["result"] == "new"


def test_the_last_settled_token_of_an_active_job_is_remembered(service: Db, job: Row) -> None:
    """Also while the job is claimed again: the reply that was lost may be asked for late."""
    released = outcome(job, "released")
    settle(service, released)
    newer = claim_one(service)
    assert settle(service, released) == ["already"]
    assert active(service, job["id"]) == newer


def test_only_the_last_settled_token_is_remembered(service: Db, job: Row) -> None:
    """One column, not a log."""
    first = outcome(job, "released")
    settle(service, first)
    second = outcome(claim_one(service), "released")
    settle(service, second)
    assert settle(service, first, second) == ["stale", "already"]


def test_a_duplicate_within_a_call_is_answered_already(service: Db, job: Row) -> None:
    """The first position counts."""
    assert settle(service, outcome(job, result=1), outcome(job, result=2)) == ["settled", "already"]
    assert history(service, job["id"])["result"] == 1


def test_duplicates_of_a_stale_outcome_are_all_stale(service: Db, job: Row) -> None:
    """Repeating does not make it true."""
    foreign = outcome(job | {"claim_token": uuid4()})
    assert settle(service, foreign, foreign) == ["stale", "stale"]


def test_answers_come_in_the_order_of_the_array(service: Db) -> None:
    """One for each position, so that a caller may zip them."""
    for _ in range(4):
        enqueue(service)
    jobs = claim(service)
    outcomes = [outcome(job) for job in jobs[::-1]]
    outcomes[2]["claim_token"] = str(uuid4())
    rows = service.execute("select * from public.settle_jobs('w', %s)", [Jsonb(outcomes)]).fetchall()
    assert [str(row["id"]) for row in rows] == [each["id"] for each in outcomes]
    assert [row["answer"] for row in rows] == ["settled", "settled", "stale", "settled"]


def test_an_expired_lease_that_nobody_rescued_still_settles(service: Db, job: Row) -> None:
    """The work is done and nobody else began it: doing it again would help nobody."""
    expire_leases(service)
    assert settle(service, outcome(job)) == ["settled"]
    assert history(service, job["id"])["status"] == "completed"
    assert rescue(service) == (0, 0)


def test_nothing_to_settle_is_no_answer(service: Db) -> None:
    """An empty array is fine."""
    assert settle(service) == []


@pytest.mark.parametrize("kinds", [("discarded", "completed"), ("completed", "discarded"), ("snoozed", "completed")])
def test_of_two_outcomes_under_one_token_the_first_counts(service: Db, kinds: tuple[str, str]) -> None:
    """However the call is carried out; thirty jobs, so that chance does not hide it."""
    for _ in range(30):
        enqueue(service)
    jobs = claim(service, 30)
    answers = settle(service, *(outcome(job, kind) for kind in kinds for job in jobs))
    assert answers == ["settled"] * 30 + ["already"] * 30
    rows = [active(service, job["id"]) or history(service, job["id"]) for job in jobs]
    first = {"snoozed": "pending"}.get(kinds[0], kinds[0])
    assert [row["status"] for row in rows] == [first] * 30
