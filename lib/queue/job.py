"""A job as a worker holds it: one leased row of background_jobs."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

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


class UnreadableJob(Job):
    """Stands for a claimed row that is no Job, because somebody has written it past the queue's functions. It is
    settled and not run: its own end, and not that of the whole claim."""

    @model_validator(mode="before")
    @classmethod
    def _keep_what_settles_it(cls, row: Any) -> Any:
        """Keep its id and its token; the rest is made up."""
        kept = {name: row.get(name) for name in ("id", "job_type", "claim_token")} if isinstance(row, dict) else {}
        return kept | {"payload": {}, "priority": 0, "attempts": 1, "max_attempts": 1, "created_at": datetime.now(UTC)}


type Claimed = Annotated[Job | UnreadableJob, Field(union_mode="left_to_right")]
