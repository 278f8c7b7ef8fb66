"""Killing workers: at each of their requests, and at random moments."""

import random
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.handlers import Deed
from tests.faults.scene import Scene
from tests.faults.worker_process import When
from tests.faults.workers import WorkerHost, plan_for

# One of each kind of end.
DEEDS: tuple[Deed, ...] = ("complete", "flaky", "snooze", "discard", "refuse")
# What a test has time for: each more makes an invocation longer, and more of them.
FEW_DEEDS: tuple[Deed, ...] = ("complete", "discard")
# Far above the number of requests of an invocation over so little.
MOST_REQUESTS = 120


@dataclass
class Tally:
    """What was done to the system, for the report."""

    kills: int = 0
    invocations: int = 0
    violations: list[str] = field(default_factory=list)


def plant_some_of_everything(scene: Scene, deeds: Sequence[Deed] = DEEDS) -> None:
    """Tasks, one that must run alone, likes, and a schedule's slot."""
    scene.plant(deeds)
    scene.plant(["complete"], isolated=True)
    scene.plant_likes(posts=1, sessions=2)
    scene.plant_slot()


def kill_at_each_request(
    scene: Scene, host: WorkerHost, moments: Sequence[When], deeds: Sequence[Deed]
) -> Iterator[Tally]:
    """For each request of an invocation: kill the worker there, heal with ordinary ticks, and check. Yields the tally
    after each kill; ends with the invocation that was not killed because it made fewer requests."""
    tally = Tally()
    for number in range(1, MOST_REQUESTS):
        for moment in moments:
            plant_some_of_everything(scene, deeds)
            killed = host.run(plan_for(scene.env, scene.folder, kill_at=number, kill_when=moment))
            tally.invocations += 1 + scene.heal(lambda: host.run(plan_for(scene.env, scene.folder)))
            tally.violations += [f"killed {moment} request {number}: {each}" for each in scene.violations()]
            if not killed.killed:
                return
            tally.kills += 1
            yield tally
    raise AssertionError("an invocation that was never killed made no end")


def kill_at_random(scene: Scene, hosts: Sequence[WorkerHost], chance: random.Random, *, kills: int) -> Tally:
    """Overlapping workers over many jobs, each killed after a random time; then heal, and check."""
    tally = Tally()
    while tally.kills < kills:
        scene.plant(chance.choices(DEEDS, k=10), ms=chance.choice([0, 5, 30]), max_attempts=25)
        scene.plant_likes(posts=3, sessions=2)
        for host in hosts:
            host.begin(plan_for(scene.env, scene.folder))
        for host in chance.sample(list(hosts), len(hosts)):
            # The randomised moment is what is tested, not a wait for something.
            time.sleep(chance.uniform(0, 0.3))
            host.signal(signal.SIGKILL)
        tally.kills += sum(host.wait().killed for host in hosts)
        tally.invocations += len(hosts)
        if chance.random() < 0.5:
            scene.expire_leases()
            scene.make_due()
    tally.invocations += scene.heal(lambda: hosts[0].run(plan_for(scene.env, scene.folder)))
    tally.violations += scene.violations()
    return tally
