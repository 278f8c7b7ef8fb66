"""Everything at once, at random: at the end every count is right and no job is left."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from tests.likes.hammer import Report, Settings, hammer
from tests.sql.calls import Db
from tests.sql.conftest import OpenService


@pytest.mark.parametrize("seed", [1, 2])
def test_no_drift_whatever_interleaves(open_service: OpenService, db: Db, seed: int) -> None:
    """With deleted posts, truncates, crashed and late workers, open transactions and rollbacks."""
    report = hammer(open_service, Settings(seed=seed, seconds=4), owner=db)
    report.check()
    assert {"click", "burst", "hold_a_transaction_open", "move_ratings", "claimed"} <= report.done.keys()


def test_raters_never_deadlock_with_each_other_or_a_worker(open_service: OpenService) -> None:
    """Without anyone who deletes posts, any deadlock fails the run."""
    hammer(open_service, Settings(seed=3, seconds=3, deletes_posts=False)).check()


@pytest.mark.parametrize(
    "found", [{"drift": {UUID(int=7): (1, 2)}}, {"lasting": {UUID(int=7): (1, 2)}}, {"dead_jobs": 3}]
)
def test_a_failure_names_its_seed(found: dict[str, Any]) -> None:
    """So that it can be run again."""
    nothing: dict[str, Any] = {"drift": {}, "lasting": {}, "dead_jobs": 0}
    report = Report(Settings(seed=1234, seconds=4), Counter(), **(nothing | found))
    with pytest.raises(AssertionError, match="seed=1234"):
        report.check()
