"""A claim starts where the session's last one saw the first pending job, and skips no job for it (low_water.sql)."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.sql.ageing import expire_leases
from tests.sql.bulk import pending_jobs
from tests.sql.calls import Db, Row, claim, claim_one, enqueue, enqueue_many, outcome, rescue, rpc, settle
from tests.sql.conftest import OpenService

# Its policy has priority 0, as what bulk.py inserts: all jobs here are of one stream.
TYPE = "cleanup_expired"


@pytest.fixture
def claimer(service: Db, open_service: OpenService) -> Db:
    """A session that has marks, behind which it has claimed, and before which a backlog waits."""
    session = open_service()
    backlog(service, 30)
    for _ in range(3):
        claim_some(session)
    # Its marks trail the clock: move them to the present, as if a moment had passed.
    session.execute("""
        select set_config('queue_private.low_water', (
          noted[:3] || array(select greatest(mark, noted[1]) from unnest(noted[4:]) as mark))::text, false)
        from (select current_setting('queue_private.low_water')::bigint[] as noted) as session
    """)
    backlog(service, 200)
    return session


def backlog(db: Db, number: int) -> None:
    """Enqueue jobs that are due now."""
    enqueue_many(db, [{"job_type": TYPE}] * number)


def claim_some(db: Db) -> list[Row]:
    """Claim a batch that is filled."""
    jobs = claim(db, 10)
    assert len(jobs) == 10
    return jobs


def ids(jobs: list[Row]) -> list[UUID]:
    """Whose rows they are."""
    return [job["id"] for job in jobs]


def due_for_a_minute(db: Db) -> UUID:
    """A caller gives an old time."""
    (row,) = db.execute("select now() - interval '1 minute' as then").fetchall()
    return enqueue(db, TYPE, scheduled_for=row["then"])


def written_elsewhere(db: Db) -> UUID:
    """A trigger of the app's inserts a row with an old time."""
    pending_jobs(db, 1, TYPE, due_in_s=-60)
    (row,) = db.execute("select id from public.background_jobs order by scheduled_for limit 1").fetchall()
    return UUID(str(row["id"]))


def released(db: Db) -> UUID:
    """A worker gives back what it has not started."""
    job_id = due_for_a_minute(db)
    (job,) = [each for each in claim(db, 300) if each["id"] == job_id]
    settle(db, outcome(job, "released"))
    return job_id


BELOW = [due_for_a_minute, written_elsewhere, released]


@pytest.mark.parametrize("appear", BELOW, ids=lambda appear: appear.__name__)
def test_a_job_that_appears_below_the_mark_is_claimed_first(
    service: Db, claimer: Db, appear: Callable[[Db], UUID]
) -> None:
    """By the next claim: it is the oldest."""
    job_id = appear(service)
    backlog(service, 50)
    assert claim_some(claimer)[0]["id"] == job_id


def test_a_retry_at_once_is_claimed(service: Db, claimer: Db) -> None:
    """It is due when it is written."""
    job = claim_one(service, max_jobs=1)
    settle(service, outcome(job, "failed", retry_in_seconds=0))
    assert job["id"] in ids(claim(claimer, 400))


def test_a_redriven_job_is_claimed(service: Db, claimer: Db) -> None:
    """It is due when it is written, too."""
    job = claim_one(service, max_jobs=1)
    settle(service, outcome(job, "failed", retryable=False))
    (row,) = rpc(service, "redrive_jobs")
    assert row["redrive_jobs"] in ids(claim(claimer, 400))


def test_a_claim_that_is_not_filled_sweeps(service: Db, open_service: OpenService, claimer: Db) -> None:
    """A job that was written before the mark was taken, and committed after it, is seen at once when others are few."""
    slow = open_service(autocommit=False)
    job_id = late_commit(service, slow, claimer)
    claimed = claim(claimer, 1000)
    assert job_id in ids(claimed)


def test_a_filled_claim_sweeps_after_a_second(service: Db, open_service: OpenService, claimer: Db) -> None:
    """And in time also when others are many."""
    slow = open_service(autocommit=False)
    job_id = late_commit(service, slow, claimer)
    assert job_id not in ids(claim_some(claimer))
    claimer.execute("""
        select set_config('queue_private.low_water', (array[noted[1], noted[1]] || noted[3:])::text, false)
        from (select current_setting('queue_private.low_water')::bigint[] as noted) as session
    """)
    assert claim_some(claimer)[0]["id"] == job_id


def late_commit(service: Db, slow: Db, claimer: Db) -> UUID:
    """Write a job, let the others move the mark past it, and commit."""
    job_id = enqueue(slow, TYPE)
    (row,) = service.execute("select count(*) as jobs from public.background_jobs where status = 'pending'").fetchall()
    backlog(service, 100)
    assert len(claim(claimer, row["jobs"])) == row["jobs"]
    move_marks_to(claimer, service)
    slow.commit()
    return job_id


def move_marks_to(claimer: Db, service: Db) -> None:
    """As the next claims do, 100 ms later: the first pending job that is seen is the mark."""
    (row,) = service.execute("""
        select (extract(epoch from min(scheduled_for)) * 1000000)::bigint as mark from public.background_jobs
        where status = 'pending'
    """).fetchall()
    claimer.execute(
        """
        select set_config('queue_private.low_water', (
          noted[:3] || array(select %s::bigint from unnest(noted[4:])))::text, false)
        from (select current_setting('queue_private.low_water')::bigint[] as noted) as session
        """,
        [row["mark"]],
    )


def test_a_mark_does_not_pass_what_another_claim_holds(service: Db, open_service: OpenService, claimer: Db) -> None:
    """Its transaction may be rolled back."""
    holder = open_service(autocommit=False)
    held = ids(claim(holder, 5))
    for _ in range(3):
        claim_some(claimer)
    holder.rollback()
    assert ids(claim_some(claimer))[:5] == held


def test_a_rescued_job_is_claimed_alone(service: Db, claimer: Db) -> None:
    """Isolated jobs have an index of their own, without marks."""
    expire_leases(service)
    requeued, _ = rescue(service)
    assert requeued == 30
    assert claim_some(claimer)
