"""enqueue/enqueue: one key, one job, whoever comes first."""

from typing import Any

import psycopg
import pytest

from tests.sql.calls import Db, Row, claim_one, count, enqueue, enqueue_many, outcome, rpc, settle
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once, meanwhile, wait_until_blocked

KEYS = [f"key-{number}" for number in range(30)]


def ask(db: Db, **arguments: Any) -> Row:
    """Enqueue under one key."""
    (row,) = rpc(db, "enqueue_job", job_type="send_notification", idempotency_key="k", **arguments)
    return row


def ask_many(db: Db, keys: list[str]) -> list[Row]:
    """Enqueue a job for each key."""
    return enqueue_many(db, [{"job_type": "send_notification", "idempotency_key": key} for key in keys])


def test_sixteen_callers_at_once_make_one_job(service: Db, open_service: OpenService) -> None:
    """And all learn its id."""
    rows = all_at_once(ask, [open_service() for _ in range(16)])
    assert sorted(row["created"] for row in rows) == [False] * 15 + [True]
    assert len({row["id"] for row in rows}) == 1
    assert count(service) == 1


def test_the_second_waits_for_the_first(service: Db, open_service: OpenService) -> None:
    """Only then does it know whether the job exists."""
    first, second = open_service(autocommit=False), open_service()
    made = ask(first)
    with meanwhile(ask, second) as found:
        wait_until_blocked(service, second)
        first.commit()
    assert found.result() == {"id": made["id"], "created": False, "status": "pending"}


def test_the_second_makes_it_when_the_first_is_rolled_back(service: Db, open_service: OpenService) -> None:
    """The key was never held."""
    first, second = open_service(autocommit=False), open_service()
    ask(first)
    with meanwhile(ask, second) as made:
        wait_until_blocked(service, second)
        first.rollback()
    assert made.result()["created"] is True
    assert count(service) == 1


def test_a_contradiction_is_seen_after_the_wait(service: Db, open_service: OpenService) -> None:
    """Another payload under the key, enqueued at the same time."""
    first, second = open_service(autocommit=False), open_service()
    ask(first)
    with meanwhile(lambda: ask(second, payload={"a": 1})) as refused:
        wait_until_blocked(service, second)
        first.commit()
    error = refused.exception()
    assert isinstance(error, psycopg.Error)
    assert error.sqlstate == "PT409"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (("completed", {}), (False, "completed")),
        (("failed", {}), (False, "pending")),
        (("failed", {"retryable": False}), (True, "pending")),
        (("discarded", {}), (True, "pending")),
    ],
)
def test_an_enqueue_waits_for_the_settle_of_the_key_s_holder(
    service: Db, open_service: OpenService, end: tuple[str, Row], expected: tuple[bool, str]
) -> None:
    """Completed at this very moment, the holder is found in the history; dead, it frees the key."""
    holder = ask(service)
    job = claim_one(service)
    worker, caller = open_service(autocommit=False), open_service()
    settle(worker, outcome(job, end[0], **end[1]))
    with meanwhile(ask, caller) as asked:
        wait_until_blocked(service, caller)
        worker.commit()
    row = asked.result()
    assert (row["created"], row["status"]) == expected
    assert (row["id"] == holder["id"]) is not expected[0]


def test_an_enqueue_finds_the_holder_when_its_settle_is_rolled_back(service: Db, open_service: OpenService) -> None:
    """It is still in progress."""
    holder = ask(service)
    worker, caller = open_service(autocommit=False), open_service()
    settle(worker, outcome(claim_one(service)))
    with meanwhile(ask, caller) as asked:
        wait_until_blocked(service, caller)
        worker.rollback()
    assert asked.result() == {"id": holder["id"], "created": False, "status": "processing"}


def test_keys_are_taken_in_their_own_order(service: Db, open_service: OpenService) -> None:
    """A call that asks for b, then a, waits at a before it holds b: else these two would wait in a circle."""
    first, second = open_service(autocommit=False), open_service()
    enqueue(first, idempotency_key="a")
    with meanwhile(ask_many, second, ["b", "a"]) as rows:
        wait_until_blocked(service, second)
        enqueue(first, idempotency_key="b")
        first.commit()
    assert [row["created"] for row in rows.result()] == [False, False]


def test_the_same_keys_in_other_orders_do_not_deadlock(service: Db, open_service: OpenService) -> None:
    """Many calls at once, each all or none: every key has one job."""
    orders = [KEYS, KEYS[::-1], KEYS[15:] + KEYS[:15], KEYS[::2] + KEYS[1::2]]
    callers = [(open_service(), order) for order in orders]
    for _ in range(10):
        answers = all_at_once(lambda each: ask_many(*each), callers)
        assert sum(row["created"] for rows in answers for row in rows) == len(KEYS)
        assert count(service) == len(KEYS)
        service.execute("delete from public.background_jobs")
