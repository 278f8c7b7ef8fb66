"""The bases of what crosses a border: HTTP bodies in camelCase, rows of the database in snake_case."""

import json
import math
import re
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from lib.errors import BrokenRule

# Text that Postgres can store: every character but NUL.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]

# What pydantic adds to a location: which branch of a union it tried, such as the name of a class.
_BRANCH = re.compile(r"constrained-\w+|function-\w+\[.*\]|[A-Z]\w*")


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


def read_json(text: str | bytes) -> Any:
    """Return what the JSON says: all that RFC 8259 allows, and nothing that Python alone reads.

    Raises:
        ValueError: it is not JSON, or has a number beyond a double, such as 1e400, which would be read as infinity.
        RecursionError: it is nested too deep.
    """
    return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def _refuse(name: str) -> None:
    """NaN and Infinity are no JSON (RFC 8259, section 6), though Python reads them."""
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def broken_rules(error: ValidationError, whole: str, prefix: tuple[str, ...] = ()) -> list[BrokenRule]:
    """Return what pydantic found. `whole` names the input itself, for a problem that is of no field."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return [BrokenRule(_field(problem, prefix) or whole, problem["msg"]) for problem in problems]


def _field(problem: ErrorDetails, prefix: tuple[str, ...]) -> str:
    names = [*prefix, *(str(part) for part in problem["loc"])]
    # The name of an unknown field comes last and is the sender's, whatever it looks like.
    its_own = names.pop() if problem["type"] == "extra_forbidden" else None
    kept = [name for name in names if not _BRANCH.fullmatch(name)]
    return ".".join(kept if its_own is None else [*kept, its_own])
