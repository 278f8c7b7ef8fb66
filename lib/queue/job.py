"""A job as a worker holds it: one leased row of background_jobs."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Job(BaseModel):
    """A claimed job. `attempts` counts this attempt; `claim_token` is the fence that settles it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    job_type: str
    payload: dict[str, Any]
    priority: int
    attempts: int
    max_attempts: int
    claim_token: UUID
    isolated: bool = False
    redrive_of: UUID | None = None

    @property
    def is_last_attempt(self) -> bool:
        """Whether a failure of this attempt ends the job."""
        return self.attempts >= self.max_attempts
