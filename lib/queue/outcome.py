"""What a handler returns: how its attempt ended when it did not fail. A failure is an exception."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Completed:
    """Done. `result` is a JSON object of at most 64 KiB, kept in the history."""

    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """Not yet: run it again in `seconds`, without counting this attempt."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Not worth doing any more, and no failure: the post is gone, say."""

    reason: str


type Outcome = Completed | Snooze | Discard
