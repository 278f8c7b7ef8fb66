"""Supabase goes away for minutes, while the cron ticks, and comes back."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

from dev.supabase.stack import Stack
from dev.vercel import Functions
from tests.faults.scene import Scene

type Part = Literal["api", "postgres"]
PARTS: tuple[Part, ...] = ("api", "postgres")
MINUTES = 3


@dataclass
class Outage:
    """How the ticks ended that met it, and what was wrong after it."""

    statuses: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def outage_at_random(stack: Stack, scene: Scene, functions: Functions, chance: random.Random) -> Outage:
    """Take Supabase away at any moment of a run over jobs that have only one attempt; each must complete."""
    outage = Outage()
    part = chance.choice(PARTS)
    jobs = scene.plant(["complete"] * 30, ms=chance.choice([0, 50, 300]), max_attempts=1)
    scene.plant_likes(posts=3, sessions=2)
    with ThreadPoolExecutor(1) as cron:
        first = cron.submit(functions.cron_tick)
        # The randomised moment is what is tested, not a wait for something.
        time.sleep(chance.uniform(0, 0.5))
        stop(stack, part)
        ticks = [first.result(), *(functions.cron_tick() for _ in range(MINUTES))]
        outage.statuses = [replies[0].status for replies in ticks]
        start(stack, part)
    scene.reconnect()
    scene.minutes_pass(MINUTES)
    scene.heal(functions.cron_tick)
    outage.violations += scene.violations()
    ends = scene.ends(jobs)
    outage.violations += [f"ended by an outage of {part}: {ends}"] if ends != {"completed": len(jobs)} else []
    return outage


def stop(stack: Stack, part: Part) -> None:
    """Take a part of Supabase away, at once."""
    (stack.api if part == "api" else stack.postgres).kill()


def start(stack: Stack, part: Part) -> None:
    """Bring it back."""
    (stack.api if part == "api" else stack.postgres).start()
