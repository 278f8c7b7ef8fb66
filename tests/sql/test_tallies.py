"""Tallies count ended jobs as they end: every statistic of the past is read from them, and none from the history."""

import pytest

from tests.sql.ageing import expire_leases, make_due
from tests.sql.bulk import ended_jobs
from tests.sql.calls import Db, Row, claim, claim_isolated, enqueue, outcome, rescue, rpc, settle, value
from tests.sql.conftest import OpenService
from tests.sql.racing import all_at_once

PLAIN = """
    select job_type, status, date_bin('1 minute', completed_at, 'epoch') as minute, count(*)::integer as jobs,
      sum(attempts)::integer as attempts, coalesce(sum(duration_ms), 0)::integer as duration_ms,
      coalesce(sum(waited_ms), 0)::integer as waited_ms
    from public.job_history group by 1, 2, 3 order by 1, 2, 3
"""
TALLIED = """
    select job_type, status, minute, sum(jobs)::integer as jobs, sum(attempts)::integer as attempts,
      sum(duration_ms)::integer as duration_ms, sum(waited_ms)::integer as waited_ms
    from queue_private.job_tally_minutes group by 1, 2, 3 having sum(jobs) <> 0 order by 1, 2, 3
"""


def plain(db: Db) -> list[Row]:
    """Count the history itself."""
    return db.execute(PLAIN).fetchall()


def tallied(db: Db) -> list[Row]:
    """Sum the tallies."""
    return db.execute(TALLIED).fetchall()


def compact(db: Db) -> int:
    """Merge the tallies; returns how many rows were merged."""
    (row,) = db.execute("select queue_private.compact_job_tallies() as merged").fetchall()
    return int(row["merged"])


def total(db: Db, status: str, job_type: str = "send_notification") -> int:
    """Return one of the counters that Prometheus reads."""
    counters = value(db, "queue_counters")["counters"]
    (counter,) = [each for each in counters if (each["job_type"], each["status"]) == (job_type, status)]
    return int(counter["jobs"])


def end_jobs_in_every_way(db: Db) -> None:
    """Complete, discard, kill, cancel and lose jobs of two types."""
    for job_type in ("send_notification", "process_image"):
        for _ in range(5):
            enqueue(db, job_type)
        jobs = claim(db)
        outcomes = [outcome(jobs[0]), outcome(jobs[1]), outcome(jobs[2], "discarded")]
        settle(db, *outcomes, outcome(jobs[3], "failed", retryable=False), outcome(jobs[4], "failed"))
        value(db, "cancel_job", job_id=jobs[4]["id"])
    enqueue(db, max_attempts=1)
    for take in (claim, claim_isolated):
        make_due(db)
        assert take(db)
        expire_leases(db)
        rescue(db)


def test_every_end_is_tallied(service: Db) -> None:
    """Whatever function ended the job, by type, status and minute; the same before and after the merging."""
    end_jobs_in_every_way(service)
    counted = plain(service)
    assert {row["status"] for row in counted} == {"completed", "dead", "discarded", "cancelled"}
    assert tallied(service) == counted
    assert compact(service) > 0
    assert tallied(service) == counted
    assert compact(service) == 0


def test_merging_adds_to_what_was_merged(service: Db) -> None:
    """Minute, hour and total."""
    for _ in range(3):
        ended_jobs(service, 7, ago_s=0)
        ended_jobs(service, 2, "dead", ago_s=4000)
        compact(service)
    assert tallied(service) == plain(service)
    assert (total(service, "completed"), total(service, "dead")) == (21, 6)
    query = "select sum(jobs)::integer as jobs from queue_private.job_tallies where grain = %s"
    assert [service.execute(query, [grain]).fetchone() for grain in ("minute", "hour", "total")] == [{"jobs": 27}] * 3


def test_a_run_of_the_worker_merges(service: Db) -> None:
    """Nobody has to remember it."""
    ended_jobs(service, 5)
    rpc(service, "start_worker_run", worker_id="w", trigger="cron", budget_ms=8000)
    assert compact(service) == 0
    assert tallied(service) == plain(service)


def test_two_settling_workers_do_not_wait_for_one_another(service: Db, open_service: OpenService) -> None:
    """Jobs of one type in one minute: a row that both raised would be held until the first one commits."""
    first, second = open_service(autocommit=False), open_service()
    enqueue(service)
    enqueue(service)
    mine, other = claim(service)
    settle(first, outcome(mine))
    second.execute("set lock_timeout = '1s'")
    assert settle(second, outcome(other)) == ["settled"]
    first.commit()
    assert tallied(service) == plain(service)


def test_merging_during_a_settle_loses_nothing(service: Db, open_service: OpenService) -> None:
    """What is not committed yet is merged later, and what is rolled back never."""
    committed, undone = open_service(autocommit=False), open_service(autocommit=False)
    ended_jobs(committed, 3)
    ended_jobs(undone, 5)
    ended_jobs(service, 2)
    compact(service)
    committed.commit()
    undone.rollback()
    compact(service)
    assert [row["jobs"] for row in tallied(service)] == [5]
    assert total(service, "completed") == 5


def test_a_second_merging_waits_for_nobody(service: Db, open_service: OpenService) -> None:
    """Runs overlap: the start of the second one must not hang on the first one's transaction."""
    first, second = open_service(autocommit=False), open_service()
    ended_jobs(service, 3)
    assert compact(first) == 1
    second.execute("set lock_timeout = '1s'")
    assert compact(second) == 0
    first.commit()
    assert tallied(service) == plain(service)


def test_eight_mergings_and_settles_at_once_count_each_job_once(service: Db, open_service: OpenService) -> None:
    """Under real concurrency."""

    def work(db: Db) -> None:
        for _ in range(10):
            ended_jobs(db, 3)
            compact(db)

    all_at_once(work, [open_service() for _ in range(8)])
    compact(service)
    assert tallied(service) == plain(service)
    assert total(service, "completed") == 240


def test_a_dead_job_that_becomes_discarded_moves(service: Db) -> None:
    """The day's numbers follow the history; a counter of Prometheus never falls, or rate() would see a restart."""
    ended_jobs(service, 4, "dead")
    compact(service)
    rpc(service, "discard_jobs", max_jobs=1)
    for _ in range(2):
        assert tallied(service) == plain(service)
        assert (total(service, "dead"), total(service, "discarded")) == (4, 1)
        compact(service)


def test_a_redrive_changes_no_tally(service: Db) -> None:
    """The job stays dead; its new one is not counted before it ends."""
    ended_jobs(service, 4, "dead")
    compact(service)
    rpc(service, "redrive_jobs")
    assert compact(service) == 0


def test_counters_outlive_the_history(service: Db) -> None:
    """The history is pruned; also rows of a week ago are still in the total, when their minutes are not."""
    ended_jobs(service, 6, ago_s=9 * 86_400)
    ended_jobs(service, 5, ago_s=27 * 3600)
    compact(service)
    service.execute("delete from public.job_history")
    assert total(service, "completed") == 11
    grains = service.execute(
        "select grain, sum(jobs)::integer as jobs from queue_private.job_tallies group by 1 order by 1"
    )
    assert grains.fetchall() == [{"grain": "hour", "jobs": 5}, {"grain": "total", "jobs": 11}]


def test_counters_start_at_zero(service: Db) -> None:
    """For each type and outcome: rate() needs a value from before the first event."""
    counters = value(service, "queue_counters")["counters"]
    (row,) = service.execute("select cardinality(enum_range(null::public.job_type)) as types").fetchall()
    assert len(counters) == 4 * row["types"]
    assert {each["jobs"] for each in counters} == {0}


def test_histograms_have_the_bounds_that_they_say(service: Db) -> None:
    """A value that equals a bound is within it, one more is not: the trigger and histogram_bounds_ms agree."""
    bounds = value(service, "queue_counters")["bounds_ms"]
    values = sorted([*bounds, *(bound + 1 for bound in bounds)])
    service.execute(
        """
        insert into public.job_history
          (job_id, job_type, payload, status, priority, attempts, max_attempts, duration_ms, waited_ms, created_at,
          completed_at)
        select gen_random_uuid(), 'process_image', '{}', 'completed', 0, 1, 3, each, each, now(), now()
        from unnest(%s::bigint[]) as each
        """,
        [values],
    )
    (counter,) = [each for each in value(service, "queue_counters")["counters"] if each["jobs"]]
    expected = [*(sum(each <= bound for each in values) for bound in bounds), len(values)]
    assert (counter["durations"], counter["waits"]) == (expected, expected)
    compact(service)
    (merged,) = [each for each in value(service, "queue_counters")["counters"] if each["jobs"]]
    assert merged == counter


@pytest.mark.parametrize(
    ("histogram", "share", "expected"),
    [
        ([0] * 14, 0.5, None),
        ([10] * 14, 0.5, 2),  # all within 5 ms: the middle of the first bucket, 2.5, to even
        ([0, 100] + [100] * 12, 0.95, 24),  # from 5 to 25
        ([90, 90, 100] + [100] * 11, 0.95, 62),  # the middle of 25 to 100, over an empty bucket
        ([0] * 13 + [7], 0.5, 3_600_000),  # all above the last bound
    ],
)
def test_quantiles_are_interpolated(service: Db, histogram: list[int], share: float, expected: int | None) -> None:
    """As Prometheus does."""
    (row,) = service.execute("select queue_private.histogram_quantile(%s, %s) as q", [histogram, share]).fetchall()
    assert row["q"] == expected


def test_the_wait_is_from_due_to_started(service: Db) -> None:
    """Of the last attempt; a job that never started has none."""
    job_id = enqueue(service)
    service.execute("update public.background_jobs set scheduled_for = now() - interval '90 seconds'")
    (job,) = claim(service)
    settle(service, outcome(job))
    never = enqueue(service)
    value(service, "cancel_job", job_id=never)
    rows = service.execute("select job_id, waited_ms from public.job_history").fetchall()
    waits = {row["job_id"]: row["waited_ms"] for row in rows}
    assert 90_000 <= waits[job_id] < 100_000
    assert waits[never] is None
