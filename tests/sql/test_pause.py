"""pause_job_type and resume_job_type stop and start the claiming of one type."""

from tests.sql.calls import Db, claim, claim_one, enqueue, outcome, settle, value


def pause(db: Db, job_type: str = "process_image") -> object:
    """Call pause_job_type."""
    return value(db, "pause_job_type", job_type=job_type)


def resume(db: Db, job_type: str = "process_image") -> object:
    """Call resume_job_type."""
    return value(db, "resume_job_type", job_type=job_type)


def test_each_says_whether_it_changed_something(service: Db) -> None:
    """Both may be repeated."""
    assert [pause(service), pause(service), resume(service), resume(service)] == [True, False, True, False]


def test_a_paused_type_is_enqueued_and_waits(service: Db) -> None:
    """Nothing is lost: it is claimed after the resume."""
    pause(service)
    job_id = enqueue(service, "process_image")
    assert claim(service) == []
    resume(service)
    assert claim_one(service)["id"] == job_id


def test_other_types_go_on(service: Db) -> None:
    """Only the type with the broken handler stops."""
    pause(service)
    enqueue(service, "process_image")
    other = enqueue(service, "send_notification")
    assert [job["id"] for job in claim(service)] == [other]


def test_jobs_in_progress_run_to_their_end(service: Db) -> None:
    """They are settled, and retried only after the resume."""
    enqueue(service, "process_image")
    job = claim_one(service)
    pause(service)
    assert settle(service, outcome(job, "failed", retry_in_seconds=0)) == ["settled"]
    assert claim(service) == []
    resume(service)
    assert claim_one(service)["attempts"] == 2
