"""redrive/redrive, cancel/claim, pause/claim: operators act while workers work, and wait for none."""

from uuid import UUID

from tests.sql.bulk import ended_jobs, pending_jobs
from tests.sql.calls import Db, claim, claim_one, count, enqueue, history, outcome, rpc, settle, value
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once


def redrive(db: Db) -> list[UUID]:
    """Call redrive_jobs for all dead jobs."""
    return [row["redrive_jobs"] for row in rpc(db, "redrive_jobs")]


def test_two_redrives_at_once_redrive_each_job_once(service: Db, open_service: OpenService) -> None:
    """The second skips what the first holds."""
    ended_jobs(service, 5, "dead")
    first, second = open_service(autocommit=False), open_service()
    assert len(redrive(first)) == 5
    assert redrive(second) == []
    first.commit()
    assert redrive(second) == []
    assert count(service) == 5


def test_a_redrive_that_is_rolled_back_is_done_by_the_next(service: Db, open_service: OpenService) -> None:
    """Nothing was marked."""
    ended_jobs(service, 5, "dead")
    first = open_service(autocommit=False)
    redrive(first)
    first.rollback()
    assert len(redrive(service)) == 5


def test_eight_redrives_at_once_redrive_each_job_once(service: Db, open_service: OpenService) -> None:
    """In threads, with no order between them."""
    ended_jobs(service, 200, "dead")
    shares = all_at_once(redrive, [open_service() for _ in range(8)])
    assert sum(len(share) for share in shares) == count(service) == 200
    (row,) = service.execute("select count(distinct redrive_of) as origins from public.background_jobs").fetchall()
    assert row["origins"] == 200


def test_a_cancel_does_not_wait_for_a_claim(service: Db, open_service: OpenService) -> None:
    """It is too late, and says so at once."""
    job_id = enqueue(service)
    worker = open_service(autocommit=False)
    (job,) = claim(worker)
    assert value(service, "cancel_job", job_id=job_id) is False
    worker.commit()
    assert settle(service, outcome(job)) == ["settled"]


def test_a_claim_does_not_wait_for_a_cancel(service: Db, open_service: OpenService) -> None:
    """The job is skipped, and never runs."""
    job_id = enqueue(service)
    operator = open_service(autocommit=False)
    assert value(operator, "cancel_job", job_id=job_id) is True
    assert claim(service) == []
    operator.commit()
    assert claim(service) == []
    assert history(service, job_id)["status"] == "cancelled"


def test_cancels_and_claims_at_once_give_each_job_one_fate(service: Db, open_service: OpenService) -> None:
    """Cancelled or claimed, never both, never neither."""
    pending_jobs(service, 60)
    ids = [row["id"] for row in service.execute("select id from public.background_jobs").fetchall()]
    operator, worker = open_service(), open_service()

    def act(role: str) -> int:
        if role == "worker":
            return sum(len(claim(worker, 5)) for _ in range(12))
        return sum(value(operator, "cancel_job", job_id=job_id) is True for job_id in reversed(ids))

    claimed, cancelled = all_at_once(act, ["worker", "operator"])
    (row,) = service.execute("select count(*) from public.background_jobs where status = 'processing'").fetchall()
    assert (row["count"], count(service, "job_history")) == (claimed, cancelled)
    assert count(service) + cancelled == 60


def test_a_pause_waits_for_no_claim(service: Db, open_service: OpenService) -> None:
    """Nor a claim for a pause: it holds from its commit on."""
    enqueue(service)
    worker, operator = open_service(autocommit=False), open_service(autocommit=False)
    claim(worker)
    assert value(operator, "pause_job_type", job_type="send_notification") is True
    enqueue(service)
    assert claim_one(service)["attempts"] == 1
    operator.commit()
    enqueue(service)
    assert claim(service) == []
    worker.commit()


def test_two_pauses_at_once_pause_once(service: Db, open_service: OpenService) -> None:
    """One of the two changed something."""
    operators = [open_service() for _ in range(8)]
    changed = all_at_once(lambda each: value(each, "pause_job_type", job_type="send_notification"), operators)
    assert sorted(changed) == [False] * 7 + [True]
