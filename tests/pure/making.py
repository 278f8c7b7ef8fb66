"""Jobs as values, for the pure tests."""

from typing import Any
from uuid import UUID

from lib.queue.job import Job

JOB_ID = UUID("01890000-0000-7000-8000-000000000001")
TOKEN = UUID("01890000-0000-4000-8000-000000000002")


def job(**fields: Any) -> Job:
    """Return a claimed job on its first attempt of three, with these fields instead."""
    given: dict[str, Any] = {
        "id": JOB_ID,
        "job_type": "send_notification",
        "payload": {},
        "priority": 0,
        "attempts": 1,
        "max_attempts": 3,
        "claim_token": TOKEN,
        "created_at": "2026-11-26T10:00:00Z",
    }
    return Job.model_validate(given | fields)
