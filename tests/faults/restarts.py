"""Postgres and the API are killed, stopped and started again, while workers work and raters rate."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

import psycopg

from dev.supabase.stack import Stack
from tests.faults.kills import DEEDS
from tests.faults.networks import CALL_TIMEOUT_S, NetworkTally, count_endings
from tests.faults.scene import Scene
from tests.faults.workers import WorkerHost, plan_for


def restart_under_load(
    stack: Stack, scene: Scene, hosts: Sequence[WorkerHost], seed: int, *, restarts: int
) -> NetworkTally:
    """Restart something each time after a random while; then heal, and check."""
    tally = NetworkTally()
    chance = random.Random(seed)
    with raters(scene, chance) as posts:
        for _ in range(restarts):
            scene.plant(chance.choices(DEEDS, k=8), ms=chance.choice([0, 20, 50]), max_attempts=25)
            posts.extend(scene.plant_likes(posts=2, sessions=2))
            for host in hosts:
                host.begin(plan_for(scene.env, scene.folder, call_timeout_s=CALL_TIMEOUT_S, budget_ms=3000))
            # The randomised moment is what is tested, not a wait for something.
            time.sleep(chance.uniform(0, 0.3))
            name, restart = chance.choice(ways_to_restart(stack))
            restart()
            tally.faults[name] = tally.faults.get(name, 0) + 1
            count_endings(tally, [host.wait() for host in hosts])
            scene.reconnect()
            if chance.random() < 0.5:
                scene.expire_leases()
            scene.make_due()
    scene.heal(lambda: count_endings(tally, [hosts[0].run(plan_for(scene.env, scene.folder))]))
    tally.violations += scene.violations()
    return tally


def ways_to_restart(stack: Stack) -> list[tuple[str, Callable[[], None]]]:
    """Each by name."""

    def kill_postgres() -> None:
        stack.postgres.kill()
        stack.postgres.start()

    def stop_postgres() -> None:
        stack.postgres.stop()
        stack.postgres.start()

    def kill_api() -> None:
        stack.api.kill()
        stack.api.start()

    return [("Postgres killed", kill_postgres), ("Postgres restarted", stop_postgres), ("API killed", kill_api)]


@contextlib.contextmanager
def raters(scene: Scene, chance: random.Random) -> Iterator[list[UUID]]:
    """Two sessions that like and unlike the posts of the yielded list, over connections that may break."""
    posts: list[UUID] = []
    over = threading.Event()

    def rate(session: str, own: random.Random) -> None:
        while not over.is_set():
            with contextlib.suppress(psycopg.Error), psycopg.connect(scene.env["DATABASE_URL"]) as connection:
                while not over.wait(0.005):
                    if posts:
                        connection.execute(
                            "select public.set_like(%s, %s, %s)", (own.choice(posts), session, own.random() < 0.7)
                        )
                        connection.commit()
            over.wait(0.02)

    threads = [
        threading.Thread(target=rate, args=(f"session-of-rater-{n}", random.Random(chance.random()))) for n in range(2)
    ]
    for thread in threads:
        thread.start()
    try:
        yield posts
    finally:
        over.set()
        for thread in threads:
            thread.join()
