"""redrive_jobs runs dead jobs again, as new jobs, each once."""

from uuid import UUID

import psycopg
import pytest

from tests.sql.ageing import age_end
from tests.sql.calls import Db, Row, claim_one, count, ended, enqueue, outcome, pending, rpc, settle, value


def bury(db: Db, job_type: str = "send_notification", **arguments: object) -> UUID:
    """Enqueue a job and let it die; return its id."""
    (row,) = rpc(db, "enqueue_job", job_type=job_type, **arguments)
    settle(db, outcome(claim_one(db), "failed", retryable=False, error="bad"))
    return UUID(str(row["id"]))


def redrive(db: Db, **arguments: object) -> list[UUID]:
    """Call redrive_jobs and return the new jobs' ids."""
    return [row["redrive_jobs"] for row in rpc(db, "redrive_jobs", **arguments)]


def test_a_dead_job_runs_again_as_a_new_job(service: Db) -> None:
    """With a full set of attempts, due at once; redrive_of points back."""
    dead = bury(service, payload={"a": 1}, priority=4, max_attempts=7)
    (new,) = redrive(service, job_ids=[dead])
    job = pending(service, new)
    assert (job["payload"], job["priority"], job["max_attempts"]) == ({"a": 1}, 4, 7)
    assert (job["attempts"], job["redrive_of"], job["error_message"]) == (0, dead, None)
    assert claim_one(service)["id"] == new


def test_the_history_row_stays(service: Db) -> None:
    """And names its successor."""
    dead = bury(service)
    before = ended(service, dead)
    (new,) = redrive(service, job_ids=[dead])
    assert before is not None
    assert ended(service, dead) == before | {"redriven_as": new}


def test_redrive_of_is_kept_when_the_new_job_ends(service: Db) -> None:
    """In both tables: an operator follows a job through its lives."""
    dead = bury(service)
    (new,) = redrive(service)
    settle(service, outcome(claim_one(service)))
    row = ended(service, new)
    assert row is not None
    assert row["redrive_of"] == dead


def test_a_job_is_not_redriven_twice(service: Db) -> None:
    """Whether by id or by type."""
    dead = bury(service)
    assert len(redrive(service, job_ids=[dead])) == 1
    assert redrive(service, job_ids=[dead]) == []
    assert redrive(service) == []
    assert count(service) == 1


def test_a_redriven_job_that_dies_again_is_redriven_as_itself(service: Db) -> None:
    """Its predecessor stays redriven."""
    bury(service)
    (second,) = redrive(service)
    settle(service, outcome(claim_one(service), "failed", retryable=False))
    (third,) = redrive(service)
    assert pending(service, third)["redrive_of"] == second


def test_the_key_is_not_copied(service: Db) -> None:
    """A newer job may hold it, and does here."""
    bury(service, idempotency_key="k")
    newer = enqueue(service, idempotency_key="k")
    (new,) = redrive(service)
    assert pending(service, new)["idempotency_key"] is None
    assert pending(service, newer)["idempotency_key"] == "k"


@pytest.mark.parametrize("end", [{"kind": "completed"}, {"kind": "discarded", "error": "gone"}])
def test_only_dead_jobs_are_redriven(service: Db, end: Row) -> None:
    """Nothing else went wrong."""
    job_id = enqueue(service)
    settle(service, outcome(claim_one(service), **end))
    assert redrive(service, job_ids=[job_id]) == []


def test_a_cancelled_job_is_not_redriven(service: Db) -> None:
    """Somebody wanted it not to run."""
    job_id = enqueue(service)
    value(service, "cancel_job", job_id=job_id)
    assert redrive(service, job_ids=[job_id]) == []


def test_a_type_can_be_redriven_as_a_whole(service: Db) -> None:
    """After a broken handler was mended."""
    image = bury(service, "process_image")
    bury(service, "send_notification")
    (new,) = redrive(service, job_type="process_image")
    assert pending(service, new)["redrive_of"] == image


def test_ids_and_type_narrow_together(service: Db) -> None:
    """Both must fit."""
    image = bury(service, "process_image")
    assert redrive(service, job_ids=[image], job_type="send_notification") == []


def test_the_oldest_dead_go_first(service: Db) -> None:
    """So many in one call, the rest in the next."""
    first, second, third = bury(service), bury(service), bury(service)
    age_end(service, third, 100)
    calls = [redrive(service, max_jobs=2), redrive(service, max_jobs=2), redrive(service, max_jobs=2)]
    assert [len(call) for call in calls] == [2, 1, 0]
    assert {pending(service, new)["redrive_of"] for new in calls[0]} == {third, first}
    assert pending(service, calls[1][0])["redrive_of"] == second


def test_an_unknown_id_is_no_job(service: Db) -> None:
    """And no error: the others are redriven."""
    dead = bury(service)
    assert len(redrive(service, job_ids=[dead, UUID(int=7)])) == 1


def test_no_ids_is_not_all(service: Db) -> None:
    """An empty array is a list of nothing; null is everything."""
    bury(service)
    assert redrive(service, job_ids=[]) == []
    assert len(redrive(service, job_ids=None)) == 1


@pytest.mark.parametrize("max_jobs", [0, -1, 1001, None])
def test_more_than_a_reply_holds_is_refused(service: Db, max_jobs: int | None) -> None:
    """PostgREST would cut the list of ids at 1,000 rows."""
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        redrive(service, max_jobs=max_jobs)
