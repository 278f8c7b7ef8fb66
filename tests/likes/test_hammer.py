"""Everything at once, at random: at the end every count is right and no job is left."""

import pytest

from tests.likes.hammer import Settings, hammer
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
