"""The fault tests notice what they are there for: each mutant of the SQL makes one of their scenes report a violation,
which the unchanged SQL does not."""

import signal
from collections.abc import Callable, Mapping

import psycopg
import pytest

from tests.faults.scene import Scene
from tests.faults.workers import WorkerHost, plan_for
from tests.model.mutants import FENCE_REMOVED, RESCUE_WITHOUT_ISOLATION, SHARE_LOCK_REMOVED, Mutant
from tests.stack.watching import wait_until

NO_RESCUE = Mutant(
    "rescues nobody", "rescue_expired_jobs", {"job.status = 'processing' and job.lease_expires_at < moment": "false"}
)
BY_ID = "where job.id in (select old.id from public.background_jobs as old where old.ctid = any (places))"
CLAIM_LOCK_REMOVED = Mutant(
    "claims without locking",
    "pick_due_jobs",
    {"for update skip locked": ""},
    also=Mutant("leases by id", "lease_jobs", {"where job.ctid = any (places)": BY_ID}),
)

type Hosts = tuple[WorkerHost, WorkerHost]
type Play = Callable[[Scene, Hosts], list[str]]


@pytest.fixture
def hosts(host: WorkerHost, second_host: WorkerHost) -> Hosts:
    """Two workers."""
    return host, second_host


def a_worker_wakes_up_late(scene: Scene, hosts: Hosts) -> list[str]:
    """It was frozen in the middle of its handlers; others have the jobs when it settles."""
    scene.plant(["complete"] * 3, ms=700)
    frozen, other = hosts
    frozen.begin(plan_for(scene.env, scene.folder, timeout_s=6.0))
    wait_until(lambda: scene.effects().total() == 3)
    frozen.signal(signal.SIGSTOP)
    scene.expire_leases()
    other.run(plan_for(scene.env, scene.folder, timeout_s=6.0))
    scene.make_due()
    other.begin(plan_for(scene.env, scene.folder, timeout_s=6.0))
    wait_until(lambda: scene.effects().total() == 4)
    # Frozen in its turn, so that the first one settles while this one holds the lease, on any machine.
    other.signal(signal.SIGSTOP)
    frozen.signal(signal.SIGCONT)
    frozen.wait()
    other.signal(signal.SIGCONT)
    other.wait()
    scene.heal(lambda: other.run(plan_for(scene.env, scene.folder, timeout_s=6.0)))
    return scene.violations()


def a_poison_job_kills_its_worker(scene: Scene, hosts: Hosts) -> list[str]:
    """Claimed together with good ones."""
    scene.plant(["complete"] * 5)
    scene.plant(["poison"])
    scene.heal(lambda: hosts[0].run(plan_for(scene.env, scene.folder, concurrency=20)), most=10)
    return scene.violations()


def workers_overlap(scene: Scene, hosts: Hosts) -> list[str]:
    """Both claim from the same jobs at the same time."""
    scene.plant(["complete"] * 80)
    for host in hosts:
        host.begin(plan_for(scene.env, scene.folder, concurrency=3))
    for host in hosts:
        host.wait()
    scene.heal(lambda: hosts[0].run(plan_for(scene.env, scene.folder, timeout_s=6.0)), most=3)
    return scene.violations()


def a_rater_holds_a_transaction_open(scene: Scene, hosts: Hosts) -> list[str]:
    """It has joined a sync job; the worker comes before it commits."""
    (post,) = scene.plant_likes(posts=1, sessions=0)
    like = "select public.set_like(%s, %s, true)"
    scene.db.execute(like, (post, "session-of-the-first"))
    with psycopg.connect(scene.env["DATABASE_URL"]) as rater:
        rater.execute(like, (post, "session-of-the-second"))
        scene.make_due()
        hosts[0].run(plan_for(scene.env, scene.folder, timeout_s=6.0))
        rater.commit()
    scene.heal(lambda: hosts[0].run(plan_for(scene.env, scene.folder, timeout_s=6.0)))
    return scene.violations()


SCENES: Mapping[Mutant, Play] = {
    FENCE_REMOVED: a_worker_wakes_up_late,
    RESCUE_WITHOUT_ISOLATION: a_poison_job_kills_its_worker,
    NO_RESCUE: a_poison_job_kills_its_worker,
    CLAIM_LOCK_REMOVED: workers_overlap,
    SHARE_LOCK_REMOVED: a_rater_holds_a_transaction_open,
}


@pytest.mark.parametrize("mutant", SCENES, ids=lambda mutant: mutant.name)
def test_a_scene_notices(scene: Scene, hosts: Hosts, mutant: Mutant) -> None:
    """What the function guarantees is what the scene sees violated without it."""
    mutant.apply(scene.env["DATABASE_URL"])
    assert SCENES[mutant](scene, hosts) != []


@pytest.mark.parametrize("play", dict.fromkeys(SCENES.values()), ids=lambda play: play.__name__)
def test_a_scene_passes(scene: Scene, hosts: Hosts, play: Play) -> None:
    """With the SQL as it is."""
    assert play(scene, hosts) == []
