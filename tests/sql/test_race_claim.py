"""claim/claim: two workers never get the same job, and never wait for each other."""

from collections import Counter

from tests.sql.ageing import age_job, expire_leases, make_due
from tests.sql.bulk import pending_jobs
from tests.sql.calls import Db, Row, active, claim, claim_isolated, count, enqueue, outcome, pending, rescue, settle
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once


def claim_all(db: Db, max_jobs: int) -> list[Row]:
    """Claim until nothing is left."""
    claimed: list[Row] = []
    while jobs := claim(db, max_jobs):
        claimed += jobs
    return claimed


def test_eight_workers_claim_each_of_400_jobs_once(service: Db, open_service: OpenService) -> None:
    """In batches, at the same moment, and every job is found."""
    pending_jobs(service, 300)
    pending_jobs(service, 100, "process_image", priority=3)
    workers = [open_service() for _ in range(8)]
    shares = all_at_once(lambda worker: claim_all(worker, 7), workers)
    times_claimed = Counter(job["id"] for share in shares for job in share)
    assert (len(times_claimed), set(times_claimed.values())) == (400, {1})
    assert len({job["claim_token"] for share in shares for job in share}) == 400


def test_eight_workers_that_claim_one_at_a_time_claim_each_job_once(service: Db, open_service: OpenService) -> None:
    """The single claim picks twice when it is the oldest's turn."""
    pending_jobs(service, 40)
    pending_jobs(service, 40, "process_image", priority=3)
    workers = [open_service() for _ in range(8)]
    shares = all_at_once(lambda worker: claim_all(worker, 1), workers)
    attempts = service.execute("select attempts, count(*) from public.background_jobs group by 1").fetchall()
    assert attempts == [{"attempts": 1, "count": 80}]
    assert sum(len(share) for share in shares) == 80


def test_a_claim_skips_what_another_is_claiming(service: Db, open_service: OpenService) -> None:
    """It takes the next ones instead of waiting."""
    pending_jobs(service, 10)
    first, second = open_service(autocommit=False), open_service()
    taken = {job["id"] for job in claim(first, 6)}
    others = {job["id"] for job in claim(second, 6)}
    assert (len(taken), len(others), taken & others) == (6, 4, set())


def test_a_claim_finds_work_behind_many_locked_jobs(service: Db, open_service: OpenService) -> None:
    """Raters may hold the first hundreds: the search goes on behind them."""
    pending_jobs(service, 700, due_in_s=-100)
    behind = enqueue(service)
    holder = open_service(autocommit=False)
    holder.execute("select from public.background_jobs where id <> %s for share", [behind])
    assert [job["id"] for job in claim(service, 5)] == [behind]
    assert claim(service, 1) == []


def test_a_claim_that_is_rolled_back_leaves_the_job_as_it_was(service: Db, open_service: OpenService) -> None:
    """The worker's connection broke before its answer."""
    job_id = enqueue(service)
    worker = open_service(autocommit=False)
    assert len(claim(worker)) == 1
    worker.rollback()
    assert pending(service, job_id)["attempts"] == 0
    assert len(claim(service)) == 1


def test_a_job_that_is_being_settled_is_skipped(service: Db, open_service: OpenService) -> None:
    """Released, but not yet committed: it is nobody's for now."""
    job_id = enqueue(service)
    worker = open_service(autocommit=False)
    (job,) = claim(service)
    settle(worker, outcome(job, "released"))
    assert claim(service) == []
    worker.commit()
    assert [job["id"] for job in claim(service)] == [job_id]


def test_isolated_jobs_are_claimed_once_each(service: Db, open_service: OpenService) -> None:
    """By eight workers at the same moment."""
    pending_jobs(service, 8)
    claim(service)
    expire_leases(service)
    rescue(service)
    make_due(service)
    workers = [open_service() for _ in range(8)]
    shares = all_at_once(claim_isolated, workers)
    ids = [job["id"] for share in shares for job in share]
    assert len(ids) == len(set(ids)) > 0


def test_a_job_whose_time_was_moved_meanwhile_is_not_claimed(service: Db, open_service: OpenService) -> None:
    """The candidates are read without locks, and looked at again when they are locked."""
    job_id = enqueue(service)
    age_job(service, job_id, 100)
    other = open_service(autocommit=False)
    age_job(other, job_id, -100)
    assert claim(service) == []
    other.commit()
    assert claim(service) == []
    row = active(service, job_id)
    assert row is not None
    assert (row["attempts"], count(service)) == (0, 1)
