"""Which jobs a claim takes: by priority, and a share of the oldest, so that nothing starves."""

from collections.abc import Iterable
from uuid import UUID

import pytest

from tests.sql.ageing import age_job
from tests.sql.calls import Db, claim, enqueue, outcome, settle


def enqueue_aged(db: Db, priority: int, ages: Iterable[int]) -> list[UUID]:
    """Enqueue jobs of one priority that have been due for so many seconds."""
    jobs = []
    for seconds in ages:
        jobs.append(enqueue(db, priority=priority))
        age_job(db, jobs[-1], seconds)
    return jobs


def claimed_ids(db: Db, max_jobs: int) -> list[UUID]:
    """Claim and return the ids in the order of the answer."""
    return [job["id"] for job in claim(db, max_jobs)]


def test_a_higher_priority_goes_first(service: Db) -> None:
    """All due for about as long."""
    ids = {priority: enqueue_aged(service, priority, [50])[0] for priority in (0, 5, 10, 1)}
    assert claimed_ids(service, 100) == [ids[10], ids[5], ids[1], ids[0]]


def test_within_a_priority_the_oldest_go_first(service: Db) -> None:
    """By scheduled_for, whatever the order of enqueueing."""
    middle, old, new = enqueue_aged(service, 3, [20, 30, 10])
    assert claimed_ids(service, 100) == [old, middle, new]


def test_jobs_due_at_the_same_moment_go_in_the_order_in_which_they_came(service: Db) -> None:
    """Their ids are in time order."""
    ids = [enqueue(service, scheduled_for="2001-01-01") for _ in range(20)]
    assert claimed_ids(service, 10) + claimed_ids(service, 10) == ids


@pytest.mark.parametrize(("max_jobs", "oldest"), [(2, 1), (4, 1), (5, 2), (8, 2), (9, 3), (20, 5)])
def test_a_quarter_of_a_batch_rounded_up_are_the_oldest(service: Db, max_jobs: int, oldest: int) -> None:
    """Under a constant stream of important jobs the others still get their share."""
    low = enqueue_aged(service, 0, range(1000, 1030))
    high = enqueue_aged(service, 10, range(100, 130))
    taken = claimed_ids(service, max_jobs)
    assert set(taken) == set(low[::-1][:oldest]) | set(high[::-1][: max_jobs - oldest])


def test_the_oldest_share_is_not_lost_when_the_oldest_are_important(service: Db) -> None:
    """Then the batch is simply filled by priority."""
    high = enqueue_aged(service, 10, range(1000, 1008))
    low = enqueue_aged(service, 0, range(100, 108))
    assert set(claimed_ids(service, 12)) == {*high, *low[::-1][:4]}


def test_a_batch_is_filled_when_there_are_enough_jobs(service: Db) -> None:
    """Whatever the split, also with fewer jobs than asked for."""
    enqueue_aged(service, 0, range(7))
    enqueue_aged(service, 9, range(7))
    assert [len(claimed_ids(service, 10)), len(claimed_ids(service, 10))] == [10, 4]


def test_every_fourth_single_job_is_the_oldest(service: Db) -> None:
    """A worker that claims one at a time starves nobody either."""
    low = enqueue_aged(service, 0, [1000, 900, 800])
    high = enqueue_aged(service, 10, range(100, 109))
    taken = [claimed_ids(service, 1)[0] for _ in range(12)]
    assert [job_id in low for job_id in taken] == [False, False, False, True] * 3
    assert [job_id for job_id in taken if job_id in low] == low
    assert {job_id for job_id in taken if job_id not in low} == set(high)


def test_empty_calls_do_not_use_up_a_turn(service: Db) -> None:
    """Every fourth job handed out, not every fourth call: polling in between must not shift the turns."""
    low = enqueue_aged(service, 0, [1000, 900, 800])
    taken = []
    for number in range(12):
        high = enqueue_aged(service, 10, [100])
        for _ in range(number % 4):
            assert claim(service, 1, job_types=["process_image"]) == []
        taken += claimed_ids(service, 1)
        service.execute("delete from public.background_jobs where id = any(%s) and status = 'pending'", [high])
    assert [job_id in low for job_id in taken] == [False, False, False, True] * 3


def test_a_released_job_keeps_its_place(service: Db) -> None:
    """It was claimed and never started: through no fault of its own."""
    first, _second = enqueue_aged(service, 0, [20, 10])
    job = claim(service, 1)[0]
    assert job["id"] == first
    settle(service, outcome(job, "released"))
    assert claimed_ids(service, 1) == [first]
