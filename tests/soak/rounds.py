"""The rounds of the soak: the same scenes as in `make test`, longer and with a seed of their own.

A round gets a fresh database of the soak's one stack, which is durable, as the hosted service is.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from dev.supabase.stack import Stack
from tests.faults.handlers import Deed
from tests.faults.kills import DEEDS, kill_at_each_request, kill_at_random
from tests.faults.networks import work_behind_a_proxy
from tests.faults.outages import outage_at_random
from tests.faults.proxy import FAULTS
from tests.faults.restarts import restart_under_load
from tests.faults.scene import Scene
from tests.faults.scratch import scratch_functions
from tests.faults.workers import WorkerHost
from tests.likes.hammer import Settings, hammer
from tests.model.running import run_model
from tests.sql.calls import Db

OUTAGES = 3
CULPRITS: tuple[Deed, ...] = ("block", "burn", "hang", "poison")


@dataclass
class Arena:
    """What a round may use. `folder` is the round's own."""

    stack: Stack
    hosts: tuple[WorkerHost, WorkerHost]
    database: str
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The round's database."""
        return self.stack.env(self.database)

    def scene(self) -> Scene:
        """A scene in the round's database, to be entered."""
        return Scene(self.env, self.folder)


@dataclass
class Outcome:
    """Figures for the table, and what went wrong."""

    figures: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


Round = Callable[[Arena, int], Outcome]


def model(arena: Arena, seed: int) -> Outcome:
    """The state machine against the reference."""
    run = run_model(arena.env["DATABASE_URL"], seed, examples=60)
    return Outcome(Counter({"model steps": run.steps}), [run.failure] if run.failure else [])


def likes(arena: Arena, seed: int) -> Outcome:
    """Raters, workers that crash and oversleep, deleted posts, truncates."""
    connections: list[Db] = []

    def connect(role: str | None = "service_role") -> Db:
        connection: Db = psycopg.connect(arena.env["DATABASE_URL"], autocommit=True, row_factory=dict_row)
        connections.append(connection)
        if role == "service_role":
            connection.execute("set role service_role")
        return connection

    try:
        report = hammer(connect, Settings(seed=seed, seconds=20), owner=connect(None))
    finally:
        for connection in connections:
            connection.close()
    outcome = Outcome(Counter({"like actions": report.done.total()}))
    outcome.violations += [f"likes {counts} of post {post}" for post, counts in report.drift.items()]
    outcome.violations += [f"{report.dead_jobs} sync jobs died"] if report.dead_jobs else []
    return outcome


def enumerated_kills(arena: Arena, seed: int) -> Outcome:
    """A kill before, during and after each request of an invocation over jobs that end in every way."""
    with arena.scene() as scene:
        tallies = list(kill_at_each_request(scene, arena.hosts[0], ["before", "during", "after"], DEEDS))
        return _outcome(scene, tallies[-1].violations, kills=tallies[-1].kills, invocations=tallies[-1].invocations)


def random_kills(arena: Arena, seed: int) -> Outcome:
    """Kills of overlapping workers at random moments."""
    with arena.scene() as scene:
        tally = kill_at_random(scene, arena.hosts, random.Random(seed), kills=40)
        return _outcome(scene, tally.violations, kills=tally.kills, invocations=tally.invocations)


def networks(arena: Arena, seed: int) -> Outcome:
    """Requests and replies cut, delayed and duplicated: in odd rounds all but duplicated replies, in even ones all."""
    kinds = [kind for kind in FAULTS if seed % 2 == 0 or kind != "duplicated reply"]
    with arena.scene() as scene:
        tally = work_behind_a_proxy(scene, arena.hosts, seed, rounds=12, kinds=kinds)
        return _outcome(
            scene, tally.violations, network_faults=sum(tally.faults.values()), invocations=tally.invocations
        )


def restarts(arena: Arena, seed: int) -> Outcome:
    """Postgres and the API killed and restarted, with raters at work."""
    with arena.scene() as scene:
        tally = restart_under_load(arena.stack, scene, arena.hosts, seed, restarts=8)
        violations = tally.violations + tally.crashed
        return _outcome(scene, violations, restarts=sum(tally.faults.values()), invocations=tally.invocations)


def outages(arena: Arena, seed: int) -> Outcome:
    """Minutes without Postgres or the API, over jobs that have one attempt only."""
    chance = random.Random(seed)
    statuses: Counter[int] = Counter()
    violations: list[str] = []
    with arena.scene() as scene, scratch_functions(scene.env, arena.folder, max_duration_s=4) as functions:
        for _ in range(OUTAGES):
            outage = outage_at_random(arena.stack, scene, functions, chance)
            statuses.update(outage.statuses)
            violations += outage.violations
        return _outcome(scene, violations, outages=OUTAGES, ticks_without_supabase=statuses[503])


def platform(arena: Arena, seed: int) -> Outcome:
    """Overlapping deliveries of the cron to functions that are killed at their maxDuration."""
    chance = random.Random(seed)
    statuses: Counter[int] = Counter()
    with arena.scene() as scene:
        scene.plant(["complete"] * 30, ms=5, max_attempts=25)
        scene.plant(chance.choices(CULPRITS, k=3), max_attempts=1)
        scene.plant_likes(posts=5, sessions=3)
        deliveries = chance.choice([1, 2, 5])
        with (
            scratch_functions(scene.env, arena.folder, max_duration_s=2, timeout_s=0.5) as functions,
            ThreadPoolExecutor(deliveries) as ticks,
        ):

            def tick() -> None:
                replies = ticks.map(lambda _: functions.cron_tick(), range(deliveries))
                statuses.update(reply[0].status for reply in replies)

            scene.heal(tick)
        killed = statuses[504] + statuses[500]
        return _outcome(scene, scene.violations(), platform_kills=killed, invocations=statuses.total())


def _outcome(scene: Scene, violations: list[str], **figures: int) -> Outcome:
    row = scene.db.execute("select count(*) as jobs from public.job_history").fetchone()
    assert row is not None
    named = Counter({name.replace("_", " "): number for name, number in figures.items()})
    return Outcome(named + Counter({"jobs": row["jobs"]}), violations)


ROUNDS: Mapping[str, Round] = {
    "model": model,
    "likes": likes,
    "random-kills": random_kills,
    "networks": networks,
    "restarts": restarts,
    "outages": outages,
    "platform": platform,
    "enumerated-kills": enumerated_kills,
}
