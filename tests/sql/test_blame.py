"""Lost leases of workers that were not killed, and killers that are known: who is isolated and who is not."""

from tests.sql.ageing import expire_leases, make_due
from tests.sql.calls import Db, active, claim, claim_isolated, enqueue, rescue, rpc

NUMBER = 30


def run_of(db: Db, worker_id: str, *, finished: bool) -> None:
    """Record a run of a worker; its jobs were claimed in it."""
    (row,) = rpc(db, "start_worker_run", worker_id=worker_id, trigger="cron", budget_ms=8000)
    for _ in range(NUMBER):
        enqueue(db)
    assert len(claim(db, worker_id=worker_id)) == NUMBER
    if finished:
        run_id = row["start_worker_run"]["run_id"]
        rpc(db, "finish_worker_run", run_id=run_id, stop_reason="error", counts={})


def isolated(db: Db) -> int:
    """How many jobs are isolated."""
    (row,) = db.execute("select count(*) as jobs from public.background_jobs where isolated").fetchall()
    return int(row["jobs"])


def test_a_worker_that_ended_its_run_killed_nobody(service: Db) -> None:
    """The reply of its claim was lost: hundreds of jobs that never started would run one by one."""
    run_of(service, "w-1", finished=True)
    expire_leases(service)
    assert rescue(service) == (NUMBER, 0)
    assert isolated(service) == 0
    make_due(service)
    jobs = claim(service, NUMBER)
    assert [(job["attempts"], job["deferrals"]) for job in jobs] == [(1, 1)] * NUMBER


def test_a_worker_without_an_end_may_have_been_killed(service: Db) -> None:
    """Nobody knows by which job."""
    run_of(service, "w-1", finished=False)
    expire_leases(service)
    rescue(service)
    assert isolated(service) == NUMBER


def test_another_run_of_the_same_name_proves_nothing(service: Db) -> None:
    """A run that ended before the claim, or began after it."""
    rpc_row = rpc(service, "start_worker_run", worker_id="w-1", trigger="cron", budget_ms=8000)
    run_id = rpc_row[0]["start_worker_run"]["run_id"]
    rpc(service, "finish_worker_run", run_id=run_id, stop_reason="empty", counts={})
    run_of(service, "w-1", finished=False)
    rpc_row = rpc(service, "start_worker_run", worker_id="w-1", trigger="cron", budget_ms=8000)
    rpc(service, "finish_worker_run", run_id=rpc_row[0]["start_worker_run"]["run_id"], stop_reason="empty", counts={})
    expire_leases(service)
    rescue(service)
    assert isolated(service) == NUMBER


def test_a_redriven_killer_starts_isolated(service: Db) -> None:
    """Among others it would take them along once more."""
    job_id = enqueue(service, max_attempts=1)
    claim(service)
    expire_leases(service)
    rescue(service)
    make_due(service)
    claim_isolated(service)
    expire_leases(service)
    assert rescue(service) == (0, 1)
    (row,) = rpc(service, "redrive_jobs", job_ids=[job_id])
    redriven = active(service, row["redrive_jobs"])
    assert redriven is not None
    assert redriven["isolated"]
    assert claim(service) == []
