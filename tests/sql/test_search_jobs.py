"""search_jobs finds jobs by more than their status and type, a bounded piece of the queue at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sql.bulk import ended_jobs, pending_jobs
from tests.sql.calls import Db, Row, claim_one, enqueue, outcome, settle, value


def search(db: Db, **filters: Any) -> Row:
    """Call search_jobs, as JSON: the page's jobs are an array of a composite type."""
    values = {name: Jsonb(each) if isinstance(each, dict) else each for name, each in filters.items()}
    query = f"select to_jsonb(search_jobs({', '.join(f'{name} => %({name})s' for name in filters)})) as page"
    (row,) = db.execute(query.encode(), values).fetchall()
    page: Row = row["page"]
    return page


def found(db: Db, **filters: Any) -> list[UUID]:
    """Return the ids of all pages, walked to the end."""
    ids, before = [], filters.pop("before_id", None)
    while True:
        page = search(db, before_id=before, **filters)
        ids += [UUID(job["id"]) for job in page["jobs"]]
        before = page["next_before_id"]
        if before is None:
            return ids


def dead(db: Db, error: str, **arguments: Any) -> UUID:
    """Make a dead job."""
    job_id = enqueue(db, **arguments)
    settle(db, outcome(claim_one(db), "failed", retryable=False, error=error))
    return job_id


def test_without_a_filter_it_lists(service: Db) -> None:
    """As list_jobs does; the last page says so, also when it is full."""
    ids = [enqueue(service) for _ in range(5)]
    first = search(service, page_size=3)
    assert [UUID(job["id"]) for job in first["jobs"]] == ids[:1:-1]
    assert UUID(first["next_before_id"]) == ids[2]
    second = search(service, page_size=2, before_id=first["next_before_id"])
    assert ([UUID(job["id"]) for job in second["jobs"]], second["next_before_id"]) == (ids[1::-1], None)
    assert search(service, wanted_type="process_image") == {"jobs": [], "next_before_id": None}


def test_a_key_finds_every_job_that_had_it(service: Db) -> None:
    """Active, completed and dead, with the other filters applied."""
    completed = enqueue(service, idempotency_key="k")
    settle(service, outcome(claim_one(service)))
    died = dead(service, "boom", idempotency_key="k", dedupe_seconds=0)
    active = enqueue(service, idempotency_key="k", dedupe_seconds=0)
    enqueue(service, idempotency_key="other")
    assert found(service, wanted_key="k") == [active, died, completed]
    assert found(service, wanted_key="k", page_size=1) == [active, died, completed]
    assert found(service, wanted_key="k", wanted_status="dead") == [died]


def test_ids_are_found_in_both_tables(service: Db) -> None:
    """Those that exist, with the other filters applied."""
    ended = enqueue(service)
    settle(service, outcome(claim_one(service)))
    active = enqueue(service, "process_image")
    enqueue(service)
    assert found(service, wanted_ids=[ended, active, uuid4()]) == [active, ended]
    assert found(service, wanted_ids=[ended, active], wanted_type="process_image") == [active]
    assert found(service, wanted_ids=[]) == []


def test_an_error_is_found_by_a_part_of_its_text(service: Db) -> None:
    """Whatever its case; nothing in it is a pattern."""
    timeout, percent = dead(service, "Read Timeout of host"), dead(service, "100% done_")
    enqueue(service)
    waiting = claim_one(service)
    settle(service, outcome(waiting, "failed", error="timeout again"))
    assert found(service, error_contains="timeout") == [waiting["id"], timeout]
    assert found(service, error_contains="0% d") == [percent]
    assert found(service, error_contains="%") == [percent]
    assert found(service, error_contains="timeout", wanted_status="dead") == [timeout]


def test_a_payload_is_found_by_what_it_contains(service: Db) -> None:
    """Active or ended."""
    post = str(uuid4())
    ended = enqueue(service, payload={"post_id": post, "n": 1})
    settle(service, outcome(claim_one(service)))
    active = enqueue(service, payload={"post_id": post, "n": 2})
    enqueue(service, payload={"post_id": str(uuid4())})
    assert found(service, payload_contains={"post_id": post}) == [active, ended]
    assert found(service, payload_contains={"post_id": post, "n": 2}) == [active]


def test_times_of_making_and_ending_bound_the_search(service: Db) -> None:
    """From a time on, and before a time."""
    first = enqueue(service)
    settle(service, outcome(claim_one(service)))
    (row,) = service.execute("select clock_timestamp() as moment, pg_sleep(0.002)").fetchall()
    between = row["moment"] + timedelta(milliseconds=1)
    second = enqueue(service)
    settle(service, outcome(claim_one(service)))
    third = enqueue(service)
    assert found(service, created_from=between) == [third, second]
    assert found(service, created_until=between) == [first]
    assert found(service, ended_from=between) == [second]
    assert found(service, ended_until=between) == [first]
    far = datetime(2100, 1, 1, tzinfo=UTC)
    assert found(service, created_from=between, created_until=far, ended_until=far) == [second]
    assert found(service, created_from=far) == []


def test_a_long_search_stops_and_goes_on(service: Db) -> None:
    """It looks at so many jobs a call, whatever it finds, and says where it stopped."""
    oldest = enqueue(service, payload={"wanted": True})
    pending_jobs(service, 7000)
    page = search(service, payload_contains={"wanted": True})
    assert page["jobs"] == []
    assert page["next_before_id"] is not None
    assert found(service, payload_contains={"wanted": True}) == [oldest]


def test_a_search_for_errors_passes_completed_jobs_by(service: Db) -> None:
    """They have no error: seven thousand of them cost no second call."""
    died = dead(service, "boom")
    ended_jobs(service, 7000)
    page = search(service, error_contains="boom")
    assert ([UUID(job["id"]) for job in page["jobs"]], page["next_before_id"]) == ([died], None)


@pytest.mark.parametrize(
    "filters",
    [{"page_size": 0}, {"page_size": 1001}, {"page_size": None}, {"payload_contains": Jsonb([1])}],
)
def test_odd_arguments_are_refused(service: Db, filters: Row) -> None:
    """An array would contain nothing that a payload can be."""
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        search(service, **filters)


def test_no_token_is_given_out(service: Db) -> None:
    """Whoever has a token can settle the job."""
    enqueue(service)
    job = claim_one(service)
    assert str(job["claim_token"]) not in str(search(service))
    assert value(service, "cancel_job", job_id=job["id"]) is False


@pytest.mark.parametrize("never", ["infinity", "294276-01-01"])
def test_a_moment_that_no_id_can_have_is_after_all_of_them(service: Db, never: str) -> None:
    """Ids have 48 bits of time: a bound beyond them would be cut to a time in the past."""
    job_id = enqueue(service)
    assert found(service, created_until=never) == [job_id]
    assert found(service, created_from=never) == []
    assert found(service, created_from="-infinity") == [job_id]
