"""What operators look for: jobs, by filters, a page at a time."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field
from pydantic_core import to_json

from lib.caller import Caller
from lib.errors import InvalidInput
from lib.model import Model, Row, Text, read_json
from lib.queue.registry import type_named
from lib.resources import Resources
from lib.services.admin.queue.pages import fitting
from lib.services.queue.jobs import JobState, Moment

type Status = Literal["pending", "processing", "failed", "completed", "dead", "discarded", "cancelled"]


# NUL as JSON has it: after an even number of backslashes it is text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def _read_filter(value: object) -> object:
    """A query has text only: an object is written as JSON there. Refuse what no payload can be, by the field's name."""
    try:
        content = read_json(value) if isinstance(value, str) else value
        if _NUL.search(to_json(content)):
            raise ValueError
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON object, not too deep, of text that UTF-8 and Postgres can store") from None
    return content


class JobFilter(Model):
    """Which jobs; every filter that is given must hold.

    status: failed means waiting for a retry. key: the idempotency key. text: in the error, whatever its case.
    payload: an object that the payload contains, with keys as the database has them. created_from, created_to: when the
    job was made, from the first moment on and before the second.
    """

    status: Status | None = None
    job_type: str | None = None
    key: Text | None = Field(None, min_length=1, max_length=255)
    text: Text | None = Field(None, min_length=1, max_length=200)
    payload: Annotated[dict[str, Any], BeforeValidator(_read_filter)] | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None


class JobsQuery(JobFilter):
    """Which jobs; every filter that is given must hold. id: up to 100 of them. cursor: where the last page ended."""

    id: tuple[UUID, ...] = Field((), max_length=100)
    limit: int = Field(50, ge=1, le=200)
    cursor: UUID | None = None


class OperatorJob(JobState):
    """A job as operators see it. With DASHBOARD_HIDE_PAYLOADS payload and result are null, and payload_hidden is true.

    redrive_of: the dead job that it came from. redriven_as: what a redrive made of it.
    """

    payload: dict[str, Any] | None  # type: ignore[assignment]
    payload_hidden: bool = False

    def without_payload(self) -> "OperatorJob":
        """Return it with what the setting hides left out."""
        return self.model_copy(update={"payload": None, "result": None, "payload_hidden": True})


class FoundJobs(Row):
    """The SQL type job_page."""

    jobs: tuple[OperatorJob, ...]
    next_before_id: UUID | None


class JobsPage(Model):
    """The newest jobs first; nextCursor is null on the last page.

    An earlier page may hold fewer jobs than asked for, or not one, when a filter looks for what few jobs have.
    """

    jobs: tuple[OperatorJob, ...]
    next_cursor: UUID | None


async def list_jobs(query: JobsQuery, resources: Resources, _: Caller) -> JobsPage:
    """Return a page of jobs.

    Raises:
        InvalidInput: an unknown job type; or a payload to look for while payloads are hidden.
    """
    check_filter(query, resources)
    found = await resources.database.rpc(
        "search_jobs",
        FoundJobs,
        wanted_status=query.status,
        wanted_type=query.job_type,
        wanted_ids=query.id or None,
        wanted_key=query.key,
        error_contains=query.text,
        payload_contains=query.payload,
        created_from=query.created_from,
        created_until=query.created_to,
        page_size=query.limit,
        before_id=query.cursor,
    )
    jobs = found.jobs
    if resources.settings.dashboard_hide_payloads:
        jobs = tuple(each.without_payload() for each in jobs)
    shown = fitting(jobs)
    return JobsPage(jobs=shown, next_cursor=found.next_before_id if len(shown) == len(jobs) else shown[-1].id)


def check_filter(query: JobFilter, resources: Resources, prefix: str = "") -> None:
    """Refuse what no model can know. prefix: where the filter stands in the body, for messages.

    Raises:
        InvalidInput: an unknown job type; or a payload to look for while payloads are hidden, which would tell them.
    """
    if query.job_type is not None:
        type_named(query.job_type, f"{prefix}jobType")
    if query.payload is not None and resources.settings.dashboard_hide_payloads:
        raise InvalidInput(f"{prefix}payload", "payloads are hidden here: DASHBOARD_HIDE_PAYLOADS is set")
