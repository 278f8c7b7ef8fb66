"""settle/rescue: whoever locks the job first wins, and the other one learns it."""

from tests.sql.ageing import expire_leases
from tests.sql.bulk import pending_jobs, processing_jobs
from tests.sql.calls import Db, claim, claim_one, enqueue, history, outcome, pending, rescue, rpc, settle
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once, meanwhile, wait_until_blocked


def test_a_settle_that_is_first_wins(service: Db, open_service: OpenService) -> None:
    """The rescue skips the job without waiting."""
    enqueue(service)
    job = claim_one(service)
    expire_leases(service)
    worker = open_service(autocommit=False)
    assert settle(worker, outcome(job)) == ["settled"]
    assert rescue(service) == (0, 0)
    worker.commit()
    assert rescue(service) == (0, 0)
    assert history(service, job["id"])["status"] == "completed"


def test_a_rescue_that_is_first_wins(service: Db, open_service: OpenService) -> None:
    """The late settle waits for it, is stale, and changes nothing."""
    enqueue(service)
    job = claim_one(service)
    expire_leases(service)
    rescuer, worker = open_service(autocommit=False), open_service()
    assert rescue(rescuer) == (1, 0)
    with meanwhile(settle, worker, outcome(job)) as answers:
        wait_until_blocked(service, worker)
        rescuer.commit()
    assert answers.result() == ["stale"]
    assert pending(service, job["id"])["isolated"] is True


def test_a_rescue_that_is_rolled_back_lets_the_settle_through(service: Db, open_service: OpenService) -> None:
    """As if it had never been."""
    enqueue(service)
    job = claim_one(service)
    expire_leases(service)
    rescuer, worker = open_service(autocommit=False), open_service()
    rescue(rescuer)
    with meanwhile(settle, worker, outcome(job)) as answers:
        wait_until_blocked(service, worker)
        rescuer.rollback()
    assert answers.result() == ["settled"]


def test_a_lease_that_ended_while_its_batch_was_settled_is_not_rescued_twice(
    service: Db, open_service: OpenService
) -> None:
    """Half of a batch settled, half rescued: each job has one fate."""
    pending_jobs(service, 40)
    jobs = claim(service)
    expire_leases(service)
    worker, rescuer = open_service(), open_service()

    def act(role: str) -> list[str]:
        if role == "worker":
            return settle(worker, *map(outcome, jobs))
        return ["rescued"] * sum(rescue(rescuer, 40))

    answers, rescued = all_at_once(act, ["worker", "rescuer"])
    assert answers.count("settled") + len(rescued) == 40
    assert answers.count("stale") == len(rescued)


def test_eight_rescues_at_once_rescue_each_job_once(service: Db, open_service: OpenService) -> None:
    """Overlapping runs all begin with a rescue."""
    processing_jobs(service, 200, lease_s=-1)
    workers = [open_service() for _ in range(8)]
    rescued = all_at_once(lambda worker: rpc(worker, "rescue_expired_jobs", max_jobs=50)[0]["requeued"], workers)
    assert sum(rescued) == 200
    rows = service.execute("select distinct attempts, isolated, status from public.background_jobs").fetchall()
    assert rows == [{"attempts": 0, "isolated": True, "status": "pending"}]
