"""Workers behind a faulty network, and over a database and an API that restart."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.faults.kills import DEEDS
from tests.faults.proxy import FAULTS, Fault, Proxy
from tests.faults.scene import Scene
from tests.faults.workers import Ending, WorkerHost, plan_for

# Calls are given up sooner than in production, so that a lost reply costs a test less time.
CALL_TIMEOUT_S = 0.3


@dataclass
class NetworkTally:
    """What was done, and what came of it. `gave_up` are invocations that ended as a 503 would."""

    faults: dict[str, int] = field(default_factory=dict)
    invocations: int = 0
    gave_up: int = 0
    crashed: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def work_behind_a_proxy(
    scene: Scene, hosts: Sequence[WorkerHost], seed: int, *, rounds: int, kinds: Sequence[Fault] = FAULTS
) -> NetworkTally:
    """Rounds of overlapping workers whose requests and replies meet faults of these kinds; then heal, and check."""
    tally = NetworkTally()
    chance = random.Random(seed)
    port = urlsplit(scene.env["SUPABASE_URL"]).port
    assert port is not None
    with Proxy(port, seed, kinds=kinds) as proxy:
        url = proxy.url(scene.env["SUPABASE_URL"])
        for _ in range(rounds):
            scene.plant(chance.choices(DEEDS, k=8), ms=chance.choice([0, 10]), max_attempts=25)
            scene.plant_likes(posts=3, sessions=2)
            scene.plant_slot()
            for host in hosts:
                host.begin(plan_for(scene.env, scene.folder, url=url, call_timeout_s=CALL_TIMEOUT_S, budget_ms=3000))
            count_endings(tally, [host.wait() for host in hosts])
            if chance.random() < 0.5:
                scene.expire_leases()
            scene.make_due()
        tally.faults = {fault: times for fault, times in proxy.faults.items() if fault != "none"}
    scene.heal(lambda: count_endings(tally, [hosts[0].run(plan_for(scene.env, scene.folder))]))
    tally.violations += scene.violations(confused="duplicated reply" in kinds)
    return tally


def count_endings(tally: NetworkTally, endings: Sequence[Ending]) -> None:
    """Add invocations to the tally; one that crashed, rather than gave up, is kept for the report."""
    for ending in endings:
        tally.invocations += 1
        tally.gave_up += ending.error is not None
        if ending.error is not None and "crashed" in ending.error:
            tally.crashed.append(ending.error)
