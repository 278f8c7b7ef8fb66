"""One job that kills its worker, claimed together with nine good ones: 9 completed, 1 dead."""

from uuid import UUID

from tests.sql.ageing import expire_leases, make_due
from tests.sql.calls import Db, Row, claim, claim_isolated, count, enqueue, outcome, rescue, settle


class Killed(Exception):
    """The process is gone, with all that it held."""


def work(db: Db, jobs: list[Row], poison: UUID) -> None:
    """Run the jobs of one process: they are settled together, unless the poison kills it first."""
    if any(job["id"] == poison for job in jobs):
        raise Killed
    settle(db, *map(outcome, jobs))


def invoke(db: Db, poison: UUID) -> None:
    """Run one invocation: rescue, the batch, then isolated jobs one after another."""
    rescue(db)
    make_due(db)
    try:
        work(db, claim(db), poison)
        while jobs := claim_isolated(db):
            work(db, jobs, poison)
    except Killed:
        expire_leases(db)


def fates_with_a_poison_job(db: Db) -> list[str]:
    """Run ten jobs, the fifth of which is poison, to their ends; return how each ended."""
    jobs = [enqueue(db, max_attempts=3) for _ in range(10)]
    for _ in range(20):
        invoke(db, jobs[4])
        if not count(db):
            break
    ended = {row["job_id"]: row["status"] for row in db.execute("select job_id, status from public.job_history")}
    return [ended.get(job_id, "active") for job_id in jobs]


def test_a_poison_job_kills_only_itself(service: Db) -> None:
    """Without isolation all ten end dead (see test_mutations): the reason for the rule."""
    assert fates_with_a_poison_job(service) == ["completed"] * 4 + ["dead"] + ["completed"] * 5


def test_the_poison_job_is_dead_after_its_attempts_alone(service: Db) -> None:
    """The batch that it killed was not counted, its three lonely attempts were."""
    poison = enqueue(service, max_attempts=3)
    for _ in range(5):
        invoke(service, poison)
    (row,) = service.execute("select status, attempts from public.job_history").fetchall()
    assert row == {"status": "dead", "attempts": 3}
