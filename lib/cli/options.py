"""Options that several commands have, each described once; and what their values mean."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from pydantic import BaseModel, ValidationError

import lib.jobs  # noqa: F401 - registers the job types
from lib.cli import words
from lib.cli.problems import BadUsage
from lib.errors import InvalidInput
from lib.model import broken_rules, read_json
from lib.queue.registry import registered


def _starting_with(choices: Callable[[], list[str]]) -> Callable[[str], list[str]]:
    """Return what a shell's completion asks."""

    def complete(incomplete: str) -> list[str]:
        return [each for each in choices() if each.startswith(incomplete)]

    return complete


def job_types() -> list[str]:
    """Return the names of the types that this code knows."""
    return sorted(registered)


_types = _starting_with(job_types)

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, as the HTTP route gives it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing something.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing, and say how many jobs would be changed.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many to show.")]
JobTypeArgument = Annotated[str, typer.Argument(autocompletion=_types, help="A job type.", show_default=False)]
JobIds = Annotated[list[UUID] | None, typer.Argument(metavar="ID", help="The jobs' ids.", show_default=False)]
Status = Annotated[
    Literal["pending", "processing", "failed", "completed", "dead", "discarded", "cancelled"] | None,
    typer.Option(
        "--status",
        "-s",
        metavar="STATE",
        help="pending, processing, failed (waits for a retry), completed, dead, discarded or cancelled.",
    ),
]
JobType = Annotated[str | None, typer.Option("--type", "-t", autocompletion=_types, help="Jobs of this type.")]
Key = Annotated[str | None, typer.Option("--key", "-k", help="The job with this idempotency key.")]
Text = Annotated[str | None, typer.Option("--text", help="Text in the error, whatever its case.")]
PayloadFilter = Annotated[str | None, typer.Option("--payload", "-p", help="A JSON object that the payload contains.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="WHEN", help="Made since then: 2h, 3d, or a date and time such as 2026-11-24T10:00."
    ),
]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Made before then.")]


def moment(text: str | None, option: str, direction: int = -1) -> datetime | None:
    """Read a time option.

    Raises:
        BadUsage: it is none.
    """
    if text is None:
        return None
    try:
        return words.moment(text, datetime.now(UTC), direction)
    except ValueError as error:
        raise BadUsage(f"{option}: {error}") from None


def json_object(text: str | None, option: str) -> dict[str, Any] | None:
    """Read a JSON object: written out, of a file as @file, or of standard input as -.

    Raises:
        BadUsage: it is none.
    """
    if text is None:
        return None
    content = sys.stdin.read() if text == "-" else text
    if text.startswith("@"):
        content = read_text(Path(text[1:]))
    try:
        value = read_json(content)
    except (ValueError, RecursionError) as error:
        reason = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadUsage(f"{option} must be a JSON object{reason}") from None
    if not isinstance(value, dict):
        raise BadUsage(f'{option} must be a JSON object, such as \'{{"post_id": "…"}}\'')
    return value


def read_text(file: Path) -> str:
    """Return what a file says; - is standard input.

    Raises:
        BadUsage: it cannot be read.
    """
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def made[M: BaseModel](model: type[M], **values: Any) -> M:
    """Return a service's input of the values that are given.

    Raises:
        InvalidInput: one breaks a rule, before anybody is asked.
    """
    try:
        return model.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        raise InvalidInput.of(broken_rules(error, "the command")) from None
