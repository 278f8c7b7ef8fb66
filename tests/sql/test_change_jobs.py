"""change_jobs: what an operator does with the jobs of a selection or of a filter, in bounded batches."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.ageing import make_due
from tests.sql.bulk import ended_jobs, pending_jobs
from tests.sql.calls import Db, Row, active, claim, claim_one, count, ended, enqueue, outcome, pending, settle, value

LATER = datetime(2031, 1, 1, tzinfo=UTC)


def change(db: Db, action: str, **arguments: Any) -> Row:
    """Call it."""
    changed: Row = value(db, "change_jobs", operator="admin token", action=action, **arguments)
    return changed


def dead(db: Db, error: str = "boom", **arguments: Any) -> UUID:
    """Make a dead job."""
    job_id = enqueue(db, **arguments)
    settle(db, outcome(claim_one(db), "failed", retryable=False, error=error))
    return job_id


def changed_ids(db: Db, action: str, **arguments: Any) -> set[UUID]:
    """Call it; returns the ids."""
    return {UUID(each) for each in change(db, action, **arguments)["ids"]}


def test_a_batch_says_that_there_is_more_until_nothing_is(service: Db) -> None:
    """Each call changes up to so many; calls come to an end, also of an edit, after which the jobs still match."""
    pending_jobs(service, 250)
    for action, arguments in (("edit", {"priority": 4}), ("cancel", {}), ("delete", {})):
        calls: list[Row] = []
        while not calls or calls[-1]["more"]:
            calls.append(change(service, action, filter={}, max_jobs=100, **arguments))
        assert [call["changed"] for call in calls] == [100, 100, 50], action
        assert change(service, action, filter={}, max_jobs=100, **arguments)["changed"] == 0
    assert count(service, "job_history") == 0


def test_a_full_last_batch_is_the_last(service: Db) -> None:
    """more is not a guess."""
    ended_jobs(service, 100, "dead")
    assert change(service, "discard", filter={}, max_jobs=100)["more"] is False


def test_a_dry_run_counts_up_to_ten_thousand(service: Db) -> None:
    """And says when there are more."""
    pending_jobs(service, 10_000)
    counted = change(service, "cancel", filter={}, dry_run=True)
    assert (counted["matched"], counted["matched_is_more"], counted["changed"]) == (10_000, False, 0)
    pending_jobs(service, 1)
    counted = change(service, "cancel", filter={}, dry_run=True)
    assert (counted["matched"], counted["matched_is_more"]) == (10_000, True)
    assert count(service) == 10_001


def test_each_filter_picks_its_jobs_and_no_other(service: Db) -> None:
    """Pending ones; each narrows what the others find."""
    first = enqueue(service, payload={"n": 1}, idempotency_key="a")
    settle(service, outcome(claim_one(service), "failed", error="Host is down"))
    second = enqueue(service, "process_image", payload={"n": 2}, idempotency_key="b")
    isolated = enqueue(service, payload={"n": 3})
    service.execute("update background_jobs set isolated = true where id = %s", [isolated])
    picks: list[tuple[Row, set[UUID]]] = [
        ({}, {first, second, isolated}),
        ({"status": "pending"}, {first, second, isolated}),
        ({"status": "failed"}, {first}),
        ({"job_type": "process_image"}, {second}),
        ({"job_type": "send_notification"}, {first, isolated}),
        ({"key": "b"}, {second}),
        ({"key": "b", "status": "failed"}, set()),
        ({"text": "host IS"}, {first}),
        ({"payload": {"n": 3}}, {isolated}),
        ({"payload": {"n": 1}, "status": "failed", "text": "down"}, {first}),
        ({"created_from": "2099-01-01T00:00:00Z"}, set()),
        ({"created_until": "2099-01-01T00:00:00Z", "job_type": "process_image"}, {second}),
        ({"created_from": "2020-01-01T00:00:00Z", "payload": {"n": 2}}, {second}),
    ]
    for chosen, expected in picks:
        counted = change(service, "cancel", filter=chosen, dry_run=True)
        assert counted["matched"] == len(expected), chosen
        assert change(service, "edit", filter=chosen, priority=9, dry_run=True)["matched"] == len(expected), chosen
    # Each in turn, undone by another edit.
    for priority, (chosen, expected) in enumerate(picks[:10], 1):
        assert changed_ids(service, "edit", filter=chosen, priority=priority % 10) == expected, chosen


def test_ended_jobs_are_picked_by_status(service: Db) -> None:
    """Those that were redriven are dealt with; delete takes all that have ended."""
    died, other, redriven = dead(service, "no user"), dead(service, "no host"), dead(service, "no user")
    assert len(changed_ids(service, "redrive", job_ids=[redriven])) == 1
    settle(service, outcome(claim_one(service)))
    assert changed_ids(service, "discard", filter={"text": "user"}) == {died}
    assert changed_ids(service, "delete", filter={"status": "completed"}) != set()
    assert changed_ids(service, "delete", filter={"status": "discarded"}) == {died}
    assert changed_ids(service, "delete", filter={"status": "dead", "text": "host"}) == {other}
    assert changed_ids(service, "delete", filter={}) == {redriven}


def test_a_redrive_by_filter_makes_new_jobs(service: Db) -> None:
    """Their ids are the answer."""
    died = dead(service, payload={"n": 1})
    (new,) = changed_ids(service, "redrive", filter={"payload": {"n": 1}})
    assert (pending(service, new)["redrive_of"], change(service, "redrive", filter={})["changed"]) == (died, 0)
    assert change(service, "redrive", filter={}, dry_run=True)["matched"] == 0


def test_a_sync_of_likes_is_not_cancelled(service: Db) -> None:
    """A rater may have joined it; it can be made to run sooner."""
    job_id = enqueue(service, "sync_like_count", payload={"post_id": "0197a000-0000-7000-8000-000000000000"})
    calls: list[Row] = [{"filter": {}}, {"job_ids": [job_id]}, {"filter": {"job_type": "sync_like_count"}}]
    for arguments in calls:
        assert change(service, "cancel", **arguments)["changed"] == 0
        assert change(service, "cancel", dry_run=True, **arguments)["matched"] == 0
    assert change(service, "edit", filter={}, priority=10)["changed"] == 1


def test_a_job_is_edited_to_run_now_and_is_claimed_next(service: Db) -> None:
    """Also when it was written an hour ago, and lies below the marks of a session that has claimed before."""
    later = enqueue(service, scheduled_for=LATER)
    service.execute("update background_jobs set updated_at = now() - interval '1 hour' where id = %s", [later])
    pending_jobs(service, 50, due_in_s=0)
    claim(service, 10)
    change(service, "edit", job_ids=[later], scheduled_for=datetime.now(UTC) - timedelta(minutes=30))
    assert claim(service, 1)[0]["id"] == later


def test_an_edited_job_waits_for_its_time(service: Db) -> None:
    """And keeps the rest."""
    job_id = enqueue(service, priority=3)
    assert change(service, "edit", job_ids=[job_id], scheduled_for=LATER)["changed"] == 1
    assert claim(service) == []
    assert (pending(service, job_id)["scheduled_for"], pending(service, job_id)["priority"]) == (LATER, 3)


def test_only_pending_jobs_are_edited_and_only_ended_ones_deleted(service: Db) -> None:
    """Whatever is asked for."""
    ids = [dead(service), enqueue(service), enqueue(service)]
    claim_one_of = claim(service, 1)[0]["id"]
    assert changed_ids(service, "edit", job_ids=ids, priority=9) == set(ids[1:]) - {claim_one_of}
    assert changed_ids(service, "delete", job_ids=ids) == {ids[0]}
    assert (active(service, claim_one_of) is not None, ended(service, ids[0])) == (True, None)


def test_deleting_frees_the_key_and_keeps_the_tallies(service: Db) -> None:
    """What was counted has happened."""
    job_id = enqueue(service, idempotency_key="k")
    settle(service, outcome(claim_one(service)))
    make_due(service)
    change(service, "delete", job_ids=[job_id])
    assert enqueue(service, idempotency_key="k") != job_id
    types = {each["job_type"]: each for each in value(service, "queue_stats")["types"]}
    assert types["send_notification"]["completed_last_24h"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"action": "explode", "filter": {}},
        {"action": None, "filter": {}},
        {"action": "cancel"},
        {"action": "edit", "filter": {}},
        {"action": "cancel", "filter": {}, "priority": 1},
        {"action": "cancel", "filter": {}, "max_jobs": 1001},
        {"action": "cancel", "filter": {}, "max_jobs": None},
        {"action": "cancel", "filter": {"job_type": "nope"}},
        {"action": "cancel", "filter": {"created_from": "soon"}},
    ],
)
def test_odd_arguments_are_refused(service: Db, arguments: Row) -> None:
    """Nothing is changed."""
    enqueue(service)
    with pytest.raises(psycopg.errors.DataError):
        value(service, "change_jobs", operator="admin token", **arguments)
    assert count(service) == 1


def test_a_limit_is_a_limit_for_operators_too(service: Db) -> None:
    """The table's own constraints."""
    job_id = enqueue(service)
    for wrong in ({"priority": 11}, {"scheduled_for": datetime(1, 1, 1, tzinfo=UTC) + timedelta(hours=1)}):
        with pytest.raises(psycopg.errors.CheckViolation):
            change(service, "edit", job_ids=[job_id], **wrong)
