"""claim_isolated_job gives out one job that must run alone."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.ageing import age_job, expire_leases, make_due
from tests.sql.calls import Db, claim, claim_isolated, enqueue, rescue, value


def isolate(db: Db, *job_types: str) -> list[UUID]:
    """Enqueue jobs and let the worker that claimed them be killed."""
    jobs = [enqueue(db, job_type) for job_type in job_types]
    claim(db)
    expire_leases(db)
    assert rescue(db) == (len(jobs), 0)
    make_due(db)
    return jobs


def test_one_at_a_time(service: Db) -> None:
    """However many wait: the oldest first."""
    first, second = isolate(service, "process_image", "process_image")
    age_job(service, second, 100)
    assert [[job["id"] for job in claim_isolated(service)] for _ in range(3)] == [[second], [first], []]


def test_it_is_leased_like_any_other(service: Db) -> None:
    """Worker, token, lease, attempt."""
    isolate(service, "process_image")
    (job,) = claim_isolated(service, worker_id="w-1", lease_seconds=60)
    assert (job["status"], job["worker_id"], job["attempts"]) == ("processing", "w-1", 1)
    assert (job["lease_expires_at"] - job["started_at"]).total_seconds() == 60
    assert job["claim_token"] is not None


def test_jobs_that_are_not_isolated_are_left_out(service: Db) -> None:
    """They belong to claim_jobs."""
    enqueue(service)
    assert claim_isolated(service) == []


def test_a_job_that_waits_for_its_backoff_is_left_out(service: Db) -> None:
    """Not due yet."""
    (job_id,) = isolate(service, "process_image")
    age_job(service, job_id, -60)
    assert claim_isolated(service) == []


def test_only_the_types_asked_for(service: Db) -> None:
    """Those whose timeout still fits."""
    image, note = isolate(service, "process_image", "send_notification")
    age_job(service, image, 100)
    assert [job["id"] for job in claim_isolated(service, job_types=["send_notification"])] == [note]
    assert claim_isolated(service, job_types=["send_notification"]) == []


def test_a_paused_type_is_left_out(service: Db) -> None:
    """Paused is paused."""
    isolate(service, "process_image")
    value(service, "pause_job_type", job_type="process_image")
    assert claim_isolated(service) == []


@pytest.mark.parametrize("arguments", [{"worker_id": ""}, {"lease_seconds": 0}])
def test_arguments_that_no_claim_can_mean_are_refused(service: Db, arguments: dict[str, Any]) -> None:
    """As in claim_jobs."""
    isolate(service, "process_image")
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        claim_isolated(service, **arguments)
