"""A job as a worker holds it: one leased row of background_jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from lib.model import Row


class Job(Row):
    """A claimed job. `attempts` counts this attempt; `claim_token` is the fence that settles it.

    traceparent: the trace context of whoever enqueued it.
    """

    id: UUID
    job_type: str
    payload: dict[str, Any]
    priority: int
    attempts: int
    max_attempts: int
    claim_token: UUID
    isolated: bool = False
    redrive_of: UUID | None = None
    created_at: datetime
    traceparent: str | None = None

    @property
    def is_last_attempt(self) -> bool:
        """Whether a failure of this attempt ends the job."""
        return self.attempts >= self.max_attempts
