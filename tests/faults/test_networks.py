"""Requests and replies that are cut, delayed and duplicated lose nothing and settle nothing twice."""

from tests.faults.networks import work_behind_a_proxy
from tests.faults.proxy import FAULTS
from tests.faults.scene import Scene
from tests.faults.workers import WorkerHost


def test_a_faulty_network_heals(scene: Scene, host: WorkerHost, second_host: WorkerHost) -> None:
    """Two overlapping workers behind a proxy that spoils every seventh request or reply. An invocation may give up,
    as a 503; none crashes."""
    kinds = [kind for kind in FAULTS if kind != "duplicated reply"]
    tally = work_behind_a_proxy(scene, [host, second_host], 20261124, rounds=4, kinds=kinds)
    assert tally.violations == []
    assert tally.crashed == []
    assert sum(tally.faults.values()) > 15


def test_replies_that_come_twice_do_no_harm(scene: Scene, host: WorkerHost, second_host: WorkerHost) -> None:
    """On a kept connection the copy is taken for the answer to the next request (h11 keeps what trails a reply), so
    an invocation may crash over it, or report nonsense. The queue itself is not confused: tokens are."""
    tally = work_behind_a_proxy(scene, [host, second_host], 20261125, rounds=3, kinds=["duplicated reply"])
    assert tally.violations == []
    assert tally.faults["duplicated reply"] > 5
