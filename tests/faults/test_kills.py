"""A worker that is killed loses no job, settles none twice, and leaves every count exact."""

import random
import signal

import pytest

from tests.faults.kills import FEW_DEEDS, kill_at_each_request, kill_at_random
from tests.faults.scene import Scene
from tests.faults.worker_process import When
from tests.faults.workers import WorkerHost, plan_for
from tests.stack.watching import wait_until


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_before_or_after_any_request_heals(scene: Scene, host: WorkerHost, moment: When) -> None:
    """Enumerated: some requests are a handler's own, so it is killed in the middle of handlers too."""
    tallies = list(kill_at_each_request(scene, host, [moment], FEW_DEEDS))
    assert tallies[-1].violations == []
    assert tallies[-1].kills > 20


def test_kills_at_random_moments_heal(scene: Scene, host: WorkerHost, second_host: WorkerHost) -> None:
    """Two overlapping workers, killed again and again before they are done."""
    tally = kill_at_random(scene, [host, second_host], random.Random(20261124), kills=8)
    assert tally.violations == []


def test_a_poison_job_dies_alone(scene: Scene, host: WorkerHost) -> None:
    """Claimed together with nine good ones: they complete, and it is dead with a message that says why."""
    good = scene.plant(["complete"] * 9, max_attempts=1)
    (poison,) = scene.plant(["poison"], max_attempts=2)
    kills = 0

    def tick() -> None:
        nonlocal kills
        kills += host.run(plan_for(scene.env, scene.folder, concurrency=20)).killed

    scene.heal(tick)
    assert scene.violations() == []
    assert (scene.ends(good), scene.ends([poison])) == ({"completed": 9}, {"dead": 1})
    assert "lease expired" in (scene.message_of(poison) or "")
    assert kills == 3


def test_a_worker_that_wakes_up_late_settles_nothing(scene: Scene, host: WorkerHost, second_host: WorkerHost) -> None:
    """As a frozen instance does: its jobs went to others meanwhile, and its tokens are stale."""
    scene.plant(["complete"] * 4, ms=300)
    host.begin(plan_for(scene.env, scene.folder, timeout_s=6.0))
    wait_until(lambda: scene.effects().total() == 4)
    host.signal(signal.SIGSTOP)
    scene.heal(lambda: second_host.run(plan_for(scene.env, scene.folder)))
    host.signal(signal.SIGCONT)
    late = host.wait()
    assert scene.violations() == []
    assert (late.counts["stale"], late.counts["completed"]) == (4, 0)


def test_a_kill_is_noticed_in_the_ledger_of_runs(scene: Scene, host: WorkerHost) -> None:
    """worker_runs keeps the row of a run that never finished, beside those that did."""
    scene.plant(["poison"], max_attempts=1)
    host.run(plan_for(scene.env, scene.folder))
    scene.heal(lambda: host.run(plan_for(scene.env, scene.folder)))
    runs = scene.db.execute("select count(*) as n, count(finished_at) as finished from public.worker_runs").fetchone()
    assert runs is not None
    assert runs["n"] - runs["finished"] == 2
