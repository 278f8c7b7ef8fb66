"""enqueue: add one job, or all of a file."""

import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from lib.cli import words
from lib.cli.backend import ENQUEUE, ENQUEUE_MANY, Backend
from lib.cli.console import done, print_json, progress, tell
from lib.cli.options import Json, json_object, made, moment, read_text
from lib.cli.problems import BadUsage
from lib.cli.session import guarded, talk
from lib.errors import InvalidInput
from lib.model import read_json
from lib.services.queue.jobs import MAX_JOBS, JobHandle, JobRequest, JobsReply, JobsRequest


class Line(NamedTuple):
    """A job of a file, and where it stands there."""

    place: str
    job: JobRequest


def enqueue(
    context: typer.Context,
    *,
    job_type: Annotated[str | None, typer.Argument(help="The job's type.", show_default=False)] = None,
    payload: Annotated[
        str | None, typer.Option("--payload", "-p", help="A JSON object; @file reads it from a file, - from a pipe.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Due then: 10m (from now), or a date and time.")] = None,
    key: Annotated[str | None, typer.Option("--key", "-k", help="An idempotency key: the job is added once.")] = None,
    priority: Annotated[int | None, typer.Option("--priority", help="0 to 10; else that of the type.")] = None,
    max_attempts: Annotated[int | None, typer.Option("--max-attempts", help="1 to 25; else that of the type.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="One job a line, as JSON: jobType, payload, and so on. - is a pipe."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a job. Over HTTP this needs QUEUE_API_TOKEN."""
    if file is not None:
        _enqueue_file(context, job_type, file, as_json=as_json)
        return
    request = guarded(
        lambda: made(
            JobRequest,
            job_type=_needed(job_type),
            payload=json_object(payload, "--payload"),
            scheduled_for=moment(at, "--at", direction=1),
            idempotency_key=key,
            priority=priority,
            max_attempts=max_attempts,
        )
    )
    reply = talk(context, lambda backend: backend.ask(ENQUEUE, request))
    if as_json:
        print_json(reply)
        return
    job = reply.job
    done(f"{job.id} is {job.status}" if job.created else f"{job.id} holds this key already, and is {job.status}")
    tell(f"→ queue job {job.id}")


def _needed(job_type: str | None) -> str:
    if job_type is None:
        raise BadUsage("say which type: `queue enqueue TYPE`, or read jobs from a file with --file")
    return job_type


def _enqueue_file(context: typer.Context, job_type: str | None, file: Path, *, as_json: bool) -> None:
    jobs = guarded(lambda: _read_jobs(job_type, file))
    reply = talk(context, lambda backend: _send(backend, jobs))
    if as_json:
        print_json(reply)
        return
    created = sum(each.created for each in reply.jobs)
    found = len(reply.jobs) - created
    done(
        f"{words.plural(created, 'job')} enqueued"
        + (f", {found:,} {'was' if found == 1 else 'were'} there already" if found else "")
    )


def _read_jobs(job_type: str | None, file: Path) -> list[Line]:
    """Read all lines before the first job is sent. job_type: of lines that do not say it."""
    lines = [
        Line(f"{file}, line {number}", _read_job(job_type, text, f"{file}, line {number}"))
        for number, text in enumerate(read_text(file).splitlines(), start=1)
        if text.strip()
    ]
    if not lines:
        example = '{"jobType": "recompute_rankings", "payload": {}}'
        raise BadUsage(f"{file} has no jobs: it should have one a line, such as {example}")
    return lines


def _read_job(job_type: str | None, text: str, place: str) -> JobRequest:
    try:
        values: Any = read_json(text)
    except (ValueError, RecursionError):
        raise BadUsage(f"{place}: is not JSON") from None
    if not isinstance(values, dict):
        raise BadUsage(f"{place}: must be a JSON object")
    named = {} if job_type is None or values.keys() & {"jobType", "job_type"} else {"jobType": job_type}
    try:
        return made(JobRequest, **named, **values)
    except InvalidInput as problem:
        raise InvalidInput(f"{place}, {problem.field}", problem.rule) from None


async def _send(backend: Backend, lines: list[Line]) -> JobsReply:
    """Send them in calls of 500. Each call adds all of its jobs or none; before an error it says which were added."""
    handles: list[JobHandle] = []
    with progress("enqueue …", len(lines)) as bar:
        for first in range(0, len(lines), MAX_JOBS):
            part = lines[first : first + MAX_JOBS]
            try:
                reply = await backend.ask(ENQUEUE_MANY, JobsRequest(jobs=tuple(each.job for each in part)))
            except Exception as problem:
                if handles:
                    whole_part = f"from {lines[0].place} to {lines[first - 1].place}"
                    verb = "was" if len(handles) == 1 else "were"
                    tell(f"{words.plural(len(handles), 'job')} {verb} enqueued, {whole_part}")
                if isinstance(problem, InvalidInput):
                    raise _at_its_line(problem, part) from None
                raise
            handles += reply.jobs
            bar.update(bar.task_ids[0], completed=len(handles))
    return JobsReply(jobs=tuple(handles))


def _at_its_line(problem: InvalidInput, part: list[Line]) -> InvalidInput:
    """Return the problem with the line instead of the position in the call: jobs.3.payload -> line 504, payload."""
    position = re.fullmatch(r"jobs\.(\d+)\.(.+)", problem.field)
    if position is None:
        return problem
    return InvalidInput(f"{part[int(position[1])].place}, {position[2]}", problem.rule)


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(rich_help_panel="Work")(enqueue)
