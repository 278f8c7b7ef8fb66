"""The base of what services take and give: camelCase in JSON, snake_case accepted and in Python."""

import re

from pydantic import BaseModel, ConfigDict

# What pydantic adds to a location: which branch of a union it tried.
_BRANCH = re.compile(r"constrained-\w+|function-\w+\[.*\]")


def camel_case(name: str) -> str:
    """dead_last_24h -> deadLast24h. (pydantic's to_camel makes it deadLast24H.)"""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def field_of(location: tuple[int | str, ...]) -> str:
    """Where pydantic found a problem, with dots, as the sender wrote it; empty for the whole."""
    return ".".join(str(part) for part in location if not _BRANCH.fullmatch(str(part)))


class Model(BaseModel):
    """Frozen, and nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=camel_case, populate_by_name=True)


class NoInput(Model):
    """For services that take nothing; what monitors and platforms append to a URL is no error."""

    model_config = ConfigDict(extra="ignore")
