"""The base of what services take and give: camelCase in JSON, snake_case accepted and in Python."""

from pydantic import BaseModel, ConfigDict


def camel_case(name: str) -> str:
    """dead_last_24h -> deadLast24h. (pydantic's to_camel makes it deadLast24H.)"""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class Model(BaseModel):
    """Frozen, and nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=camel_case, populate_by_name=True)


class NoInput(Model):
    """For services that take nothing."""
