"""The bases of what crosses a border: HTTP bodies in camelCase, rows of the database in snake_case."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from lib.errors import BrokenRule

# Text that Postgres can store: every character but NUL.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]

# What pydantic adds to a location: which branch of a union it tried.
_BRANCH = re.compile(r"constrained-\w+|function-\w+\[.*\]")


def camel_case(name: str) -> str:
    """dead_last_24h -> deadLast24h. (pydantic's to_camel makes it deadLast24H.)"""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class Model(BaseModel):
    """What services take and give: frozen, and nothing unknown. JSON is camelCase; snake_case is accepted too."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=camel_case, populate_by_name=True)


class Row(BaseModel):
    """What only the database returns: frozen."""

    model_config = ConfigDict(frozen=True)


class NoInput(Model):
    """For services that take nothing. What monitors and platforms append to a URL is no error."""

    model_config = ConfigDict(extra="ignore")


def broken_rules(error: ValidationError, whole: str, prefix: tuple[str, ...] = ()) -> list[BrokenRule]:
    """Return what pydantic found. `whole` names the input itself, for a problem that is of no field."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return [BrokenRule(_field((*prefix, *problem["loc"])) or whole, problem["msg"]) for problem in problems]


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if not _BRANCH.fullmatch(str(part)))
