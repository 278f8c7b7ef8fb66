"""jobs, job: look for jobs, and read the story of one."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from lib.cli.backend import JOBS, Backend
from lib.cli.console import print_json, show, tell
from lib.cli.options import (
    JobType,
    Json,
    Key,
    Limit,
    PayloadFilter,
    Since,
    Status,
    Text,
    Until,
    json_object,
    made,
    moment,
)
from lib.cli.session import guarded, talk
from lib.cli.views.jobs import job_list, job_story
from lib.errors import NotFound
from lib.services.admin.queue.jobs import JobsPage, JobsQuery, OperatorJob

# What a page of the route holds at most.
PAGE = 200


def jobs(
    context: typer.Context,
    *,
    status: Status = None,
    job_type: JobType = None,
    key: Key = None,
    text: Text = None,
    payload: PayloadFilter = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    cursor: Annotated[UUID | None, typer.Option("--cursor", help="Go on where the last page ended.")] = None,
    as_json: Json = False,
) -> None:
    """List jobs, the newest first. Every filter that is given must hold."""
    query = guarded(
        lambda: made(
            JobsQuery,
            status=status,
            job_type=job_type,
            key=key,
            text=text,
            payload=json_object(payload, "--payload"),
            created_from=moment(since, "--since"),
            created_to=moment(until, "--until"),
            cursor=cursor,
        )
    )
    page = talk(context, lambda backend: find(backend, query, limit))
    if as_json:
        print_json(page)
        return
    show(job_list(page.jobs, datetime.now(UTC)) if page.jobs else "[dim]no job matches[/]")
    if page.next_cursor:
        tell(f"more: --cursor {page.next_cursor}")


async def find(backend: Backend, query: JobsQuery, limit: int) -> JobsPage:
    """Read pages until there are so many jobs. A page may be short, or empty, and not the last."""
    found: list[OperatorJob] = []
    cursor = query.cursor
    while True:
        size = min(PAGE, limit - len(found))
        page = await backend.ask(JOBS, query.model_copy(update=_page(size, cursor)))
        found += page.jobs
        cursor = page.next_cursor
        if cursor is None or len(found) >= limit:
            return JobsPage(jobs=tuple(found), next_cursor=cursor)


def _page(size: int, cursor: UUID | None) -> dict[str, object]:
    return {"limit": size} | ({} if cursor is None else {"cursor": cursor})


def job(
    context: typer.Context,
    job_id: Annotated[UUID, typer.Argument(metavar="ID", help="The job.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Tell a job's whole story: its payload, attempts and errors, and what it came from and became."""

    async def ask(backend: Backend) -> OperatorJob:
        page = await backend.ask(JOBS, JobsQuery(id=(job_id,)))
        if not page.jobs:
            raise NotFound(f"there is no job {job_id}")
        return page.jobs[0]

    found = talk(context, ask)
    if as_json:
        print_json(found)
    else:
        show(job_story(found, datetime.now(UTC)))


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(rich_help_panel="See")(jobs)
    app.command(rich_help_panel="See")(job)
