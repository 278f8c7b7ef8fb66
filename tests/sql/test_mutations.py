"""The queue's tests see what goes wrong when a clause is left out: they are no decoration."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.conftest import Connect
from tests.sql.ageing import expire_leases, make_due
from tests.sql.calls import Db, active, claim, claim_isolated, claim_one, enqueue, enqueue_many, outcome, rescue, settle
from tests.sql.conftest import OpenService
from tests.sql.mutations import mutate
from tests.sql.racing import meanwhile, wait_until_blocked
from tests.sql.test_poison_job import fates_with_a_poison_job

Mutate = Callable[[str, str, str], None]
BY_ID = "where job.id in (select old.id from public.background_jobs as old where old.ctid = any (places))"


@pytest.fixture
def mutated(connect: Connect) -> Mutate:
    """mutate, as the owner of the functions."""
    owner: Db = connect(row_factory=dict_row)
    return lambda function, clause, replacement: mutate(owner, function, clause, replacement)


def test_without_the_token_a_late_worker_settles_another_s_job(service: Db, mutated: Mutate) -> None:
    """The fence of test_settle_answers: there the job stays as its new worker has it."""
    mutated("settle_jobs", r"and job\.claim_token = asked\.claim_token(\s+and asked\.is_first\n)", r"\1")
    enqueue(service)
    late = claim_one(service)
    expire_leases(service)
    rescue(service)
    make_due(service)
    (newer,) = claim_isolated(service)
    settle(service, outcome(late))
    assert active(service, newer["id"]) is None


def test_without_the_row_locks_a_claim_waits_for_another(
    service: Db, open_service: OpenService, mutated: Mutate
) -> None:
    """The picking of test_race_claim: there the second worker skips what the first one holds."""
    mutated("pick_due_jobs", r"for update skip locked", "")
    enqueue(service)
    first, second = open_service(autocommit=False), open_service()
    claim_one(first)
    with meanwhile(claim, second) as claimed:
        wait_until_blocked(service, second)
        first.commit()
    assert claimed.result() == []


def test_without_places_two_workers_get_one_job(service: Db, open_service: OpenService, mutated: Mutate) -> None:
    """A lease is for the row where it was seen: a row that changed meanwhile is elsewhere."""
    mutated("pick_due_jobs", r"for update skip locked", "")
    mutated("lease_jobs", r"where job\.ctid = any \(places\)", BY_ID)
    enqueue(service)
    first, second = open_service(autocommit=False), open_service()
    (taken,) = claim(first)
    with meanwhile(claim_one, second) as also_taken:
        wait_until_blocked(service, second)
        first.commit()
    assert also_taken.result()["id"] == taken["id"]


def test_without_isolation_a_poison_job_takes_all_along(service: Db, mutated: Mutate) -> None:
    """The rule of test_poison_job: there nine complete."""
    mutated("rescue_expired_jobs", r"judged\.isolated and (judged\.attempts >= judged\.max_attempts)", r"\1")
    mutated("rescue_expired_jobs", r"job\.attempts - \(d\.is_innocent or not d\.isolated\)::integer", "job.attempts")
    mutated("rescue_expired_jobs", r"isolated = d\.isolated or not d\.is_innocent", "isolated = false")
    assert fates_with_a_poison_job(service) == ["dead"] * 10


def test_without_the_order_of_keys_two_callers_deadlock(
    service: Db, open_service: OpenService, mutated: Mutate
) -> None:
    """The order of test_race_enqueue: there the second waits before it holds anything."""
    mutated("enqueue_set", r"order by asked\.idempotency_key collate \"C\" nulls first,", "order by")
    first, second = open_service(autocommit=False), open_service()
    enqueue(first, idempotency_key="a")
    jobs = [{"job_type": "send_notification", "idempotency_key": key} for key in ("b", "a")]
    with meanwhile(enqueue_many, second, jobs) as ended:
        wait_until_blocked(service, second)
        failures = []
        try:
            enqueue(first, idempotency_key="b")
        except psycopg.errors.DeadlockDetected as error:
            failures.append(error)
        first.rollback()
    assert [*failures, ended.exception()] != [None]
