"""The claims that a worker makes, and how long each takes: timed, then rolled back, so that the next finds the same."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.fixture import ABSENT, COMMON, RARE
from bench.measuring import Connection, milliseconds
from bench.ours import JOB_TYPE

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
# Of a queue whose jobs are all of the type that the benchmarks enqueue.
SHAPES_OF_ONE_TYPE: Mapping[str, Call] = {**SHAPES, "100 of one type": (CLAIM, [100, [JOB_TYPE]])}


def claim_ms(db: Connection, call: Call) -> Callable[[], float]:
    """Return the measurement of one call. It raises where jobs should be found and none are: that measures nothing."""
    statement, arguments = call
    finds = [ABSENT] not in arguments

    def claim() -> None:
        row = db.execute(statement, arguments).fetchone()
        if bool(row and row[0]) != finds:
            raise RuntimeError(f"{statement} {arguments} found {row}, which is not what is to be measured")

    def measure() -> float:
        with db.transaction(force_rollback=True):
            return milliseconds(claim)

    return measure
