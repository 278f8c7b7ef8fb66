"""The claims that a worker makes, and how long each takes: timed, then rolled back, so that the next finds the same."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.fixture import ABSENT, COMMON, RARE
from bench.measuring import Connection, milliseconds

CLAIM = "select count(*) from public.claim_jobs('bench', %s, %s::public.job_type[])"
ISOLATED = "select count(*) from public.claim_isolated_job('bench')"

type Call = tuple[str, list[Any]]
SHAPES: Mapping[str, Call] = {
    "1 of all types": (CLAIM, [1, None]),
    "10 of all types": (CLAIM, [10, None]),
    "100 of all types": (CLAIM, [100, None]),
    "500 of all types": (CLAIM, [500, None]),
    "100 of one type": (CLAIM, [100, [COMMON[0]]]),
    "100 of three types": (CLAIM, [100, [*COMMON[:2], RARE]]),
    "100 of a rare type": (CLAIM, [100, [RARE]]),
    "100 of an absent type": (CLAIM, [100, [ABSENT]]),
    "1 isolated": (ISOLATED, []),
}


def claim_ms(db: Connection, call: Call) -> Callable[[], float]:
    """Return the measurement of one call."""
    statement, arguments = call

    def claim() -> None:
        db.execute(statement, arguments).fetchone()

    def measure() -> float:
        with db.transaction(force_rollback=True):
            return milliseconds(claim)

    return measure
