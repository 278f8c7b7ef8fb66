"""settle/settle: one call applies the outcome, the other learns that it stands."""

import pytest

from tests.sql.bulk import pending_jobs
from tests.sql.calls import Db, active, claim, claim_one, count, enqueue, history, outcome, settle
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once, meanwhile, wait_until_blocked


def test_the_same_batch_twice_at_once(service: Db, open_service: OpenService) -> None:
    """The repeated call waits for the first, then is answered already."""
    pending_jobs(service, 20)
    outcomes = [outcome(job) for job in claim(service)]
    first, second = open_service(autocommit=False), open_service()
    assert settle(first, *outcomes) == ["settled"] * 20
    with meanwhile(settle, second, *outcomes) as answers:
        wait_until_blocked(service, second)
        first.commit()
    assert answers.result() == ["already"] * 20
    assert (count(service), count(service, "job_history")) == (0, 20)


@pytest.mark.parametrize("kind", ["failed", "snoozed", "released"])
def test_the_same_return_twice_at_once(service: Db, open_service: OpenService, kind: str) -> None:
    """Also when the job stays active: the attempt is given back once."""
    enqueue(service)
    job = claim_one(service)
    first, second = open_service(autocommit=False), open_service()
    settle(first, outcome(job, kind))
    with meanwhile(settle, second, outcome(job, kind)) as answers:
        wait_until_blocked(service, second)
        first.commit()
    assert answers.result() == ["already"]
    row = active(service, job["id"])
    assert row is not None
    assert row["attempts"] == (1 if kind == "failed" else 0)


def test_the_second_settles_when_the_first_is_rolled_back(service: Db, open_service: OpenService) -> None:
    """The first call's connection broke: its outcome never was."""
    enqueue(service)
    job = claim_one(service)
    first, second = open_service(autocommit=False), open_service()
    settle(first, outcome(job, result="first"))
    with meanwhile(settle, second, outcome(job, result="second")) as answers:
        wait_until_blocked(service, second)
        first.rollback()
    assert answers.result() == ["settled"]
    assert history(service, job["id"])["result"] == "second"


def test_two_workers_with_the_same_jobs_in_other_orders_do_not_deadlock(service: Db, open_service: OpenService) -> None:
    """Rows are locked in the order of their ids, whatever the order of the array."""
    for _ in range(10):
        pending_jobs(service, 60)
        outcomes = [outcome(job) for job in claim(service)]
        orders = [outcomes, outcomes[::-1], outcomes[30:] + outcomes[:30]]
        workers = [(open_service(), order) for order in orders]
        answers = all_at_once(lambda each: settle(each[0], *each[1]), workers)
        assert sorted(answer for each in answers for answer in each) == ["already"] * 120 + ["settled"] * 60


def test_a_settle_waits_for_no_rater(service: Db, open_service: OpenService) -> None:
    """A pending sync job may be held by a rater's share lock for long; a late settle of it is stale at once."""
    payload = {"post_id": "01890000-0000-7000-8000-000000000000"}
    job_id = enqueue(service, "sync_like_count", payload=payload)
    job = claim_one(service)
    settle(service, outcome(job, "released"))
    rater = open_service(autocommit=False)
    rater.execute("select from public.background_jobs where id = %s for share", [job_id])
    service.execute("set lock_timeout = '100ms'")
    newer = job | {"claim_token": job_id}
    assert settle(service, outcome(job), outcome(newer)) == ["already", "stale"]
