"""list_jobs shows active and ended jobs, the newest first, whichever index serves the filter."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.sql.ageing import expire_leases, make_due
from tests.sql.bulk import ended_jobs, pending_jobs, processing_jobs
from tests.sql.calls import Db, Row, claim, claim_one, enqueue, outcome, rescue, rpc, settle, value

STATUSES = [None, "pending", "processing", "failed", "completed", "dead", "discarded", "cancelled"]
TYPES = [None, "send_notification", "process_image", "cleanup_expired"]
ALL = """
    select id, job_type, status, attempts from public.background_jobs
    union all select job_id, job_type, status, attempts from public.job_history
"""


def pages(db: Db, page_size: int, **filters: object) -> Iterator[list[Row]]:
    """Walk a listing to its end."""
    before = None
    while page := rpc(db, "list_jobs", page_size=page_size, before_id=before, **filters):
        yield page
        before = page[-1]["id"]


def is_wanted(job: Row, status: str | None, job_type: str | None) -> bool:
    """Say what a filter means, in one line."""
    is_failed = job["status"] == "pending" and job["attempts"] > 0
    return job_type in (None, job["job_type"]) and (
        status in (None, job["status"]) or (status == "failed" and is_failed)
    )


@pytest.fixture
def every_kind(service: Db) -> None:
    """Two types in every state: waiting, retried, isolated, running, and ended in each way."""
    for number in range(6):
        for job_type in ("send_notification", "process_image"):
            enqueue(service, job_type, priority=number, scheduled_for="2001-01-01")
    jobs = claim(service)
    kinds = ("completed", "discarded", "failed", "snoozed")
    settle(service, *(outcome(job, kinds[position % 4]) for position, job in enumerate(jobs[:8])))
    settle(service, outcome(jobs[8], "failed", retryable=False))
    expire_leases(service)
    rescue(service, 2)
    for _ in range(4):
        enqueue(service, "process_image")
        value(service, "cancel_job", job_id=enqueue(service, "process_image"))
    make_due(service)
    claim(service, 3)


@pytest.mark.parametrize("status", STATUSES)
def test_every_filter_shows_its_jobs_and_no_others(service: Db, every_kind: None, status: str | None) -> None:
    """In pages of two, across all their boundaries."""
    for job_type in TYPES:
        jobs = sorted(service.execute(ALL).fetchall(), key=lambda job: job["id"].int, reverse=True)
        wanted = [job["id"] for job in jobs if is_wanted(job, status, job_type)]
        told = list(pages(service, 2, wanted_status=status, wanted_type=job_type))
        assert [row["id"] for page in told for row in page] == wanted
        assert {len(page) for page in told[:-1]} <= {2}


def test_a_rare_type_is_found_behind_many_others(service: Db) -> None:
    """Pending, isolated and running, with six thousand newer jobs before it: more than are walked past."""
    rare = [enqueue(service, "cleanup_expired") for _ in range(3)]
    claim(service, 2)
    expire_leases(service)
    rescue(service, 1)
    pending_jobs(service, 6000)
    told = rpc(service, "list_jobs", wanted_type="cleanup_expired", page_size=3)
    assert [row["id"] for row in told] == rare[::-1]
    assert [row["status"] for row in told].count("processing") == 1
    assert [row["isolated"] for row in told].count(True) == 1


def test_a_page_of_a_type_that_has_many_is_full(service: Db) -> None:
    """And goes on behind it."""
    pending_jobs(service, 50)
    pending_jobs(service, 50, "process_image")
    first, second, third = pages(service, 20, wanted_type="send_notification", wanted_status="pending")
    ids = [row["id"] for page in (first, second, third) for row in page]
    assert (len(first), len(second), len(third), len(set(ids))) == (20, 20, 10, 50)


def test_active_and_ended_jobs_are_merged_by_age(service: Db) -> None:
    """The newest id first, whichever table it is in."""
    first = enqueue(service)
    settle(service, outcome(claim_one(service)))
    second = enqueue(service)
    claim_one(service)
    third = enqueue(service)
    assert [row["id"] for row in rpc(service, "list_jobs")] == [third, second, first]


def test_no_token_is_given_out(service: Db) -> None:
    """Whoever has a token can settle the job."""
    enqueue(service)
    claim_one(service)
    (row,) = rpc(service, "list_jobs")
    assert not [name for name in row if "token" in name]


@pytest.mark.parametrize("page_size", [0, 1001, None])
def test_odd_page_sizes_are_refused(service: Db, page_size: int | None) -> None:
    """PostgREST would cut a longer page silently."""
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        rpc(service, "list_jobs", page_size=page_size)


def test_many_leased_and_dead_jobs_are_listed(service: Db) -> None:
    """More than a page of each."""
    processing_jobs(service, 70)
    ended_jobs(service, 70, "dead")
    assert sum(len(page) for page in pages(service, 30, wanted_status="processing")) == 70
    assert sum(len(page) for page in pages(service, 30, wanted_status="dead")) == 70
