"""Supabase goes away and comes back."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dev.supabase.stack import Stack
from dev.vercel import Functions
from tests.faults.outages import MINUTES, PARTS, Part, outage_at_random, start, stop
from tests.faults.restarts import restart_under_load
from tests.faults.scene import Scene
from tests.faults.scratch import scratch_functions
from tests.faults.workers import WorkerHost
from tests.stack.watching import wait_until


@pytest.mark.parametrize("part", PARTS)
def test_an_outage_of_three_minutes_spends_no_attempt(
    own_scene: Scene, own_stack: Stack, tmp_path: Path, part: Part
) -> None:
    """The cron ticks each minute and gets 503; jobs that have only one attempt complete afterwards."""
    scene = own_scene
    jobs = scene.plant(["complete"] * 10, max_attempts=1)
    scene.plant_likes(posts=3, sessions=2)
    with scratch_functions(scene.env, tmp_path) as functions:
        stop(own_stack, part)
        statuses = [functions.cron_tick()[0].status for _ in range(MINUTES)]
        start(own_stack, part)
        scene.reconnect()
        scene.minutes_pass(MINUTES)
        ticks = scene.heal(functions.cron_tick)
    assert statuses == [503] * MINUTES
    assert scene.violations() == []
    assert scene.ends(jobs) == {"completed": 10}
    assert ticks == 1


@pytest.mark.parametrize("part", PARTS)
def test_an_outage_in_the_middle_of_a_run_kills_no_job(
    own_scene: Scene, own_stack: Stack, tmp_path: Path, part: Part
) -> None:
    """Handlers had begun, and nothing could be settled any more. Each job has only one attempt, gets it back, and
    completes when Supabase is there again."""
    scene = own_scene
    jobs = scene.plant(["complete"] * 10, ms=150, max_attempts=1)
    with short_functions(scene, tmp_path) as functions, ThreadPoolExecutor(1) as cron:
        first = cron.submit(functions.cron_tick)
        wait_until(lambda: scene.effects().total() == len(jobs))
        stop(own_stack, part)
        statuses = [first.result()[0].status]
        statuses += [functions.cron_tick()[0].status for _ in range(MINUTES)]
        start(own_stack, part)
        scene.reconnect()
        scene.minutes_pass(MINUTES)
        scene.heal(functions.cron_tick)
    assert statuses == [503] * (1 + MINUTES)
    assert scene.violations() == []
    assert scene.ends(jobs) == {"completed": 10}


def test_an_outage_at_any_moment_kills_no_job(own_scene: Scene, own_stack: Stack, tmp_path: Path) -> None:
    """The soak's form of it, once."""
    with short_functions(own_scene, tmp_path) as functions:
        outage = outage_at_random(own_stack, own_scene, functions, random.Random(20261124))
    assert outage.violations == []
    assert outage.statuses.count(503) >= MINUTES


def test_restarts_under_load_lose_nothing(
    own_scene: Scene, own_stack: Stack, host: WorkerHost, second_host: WorkerHost
) -> None:
    """Postgres and the API, killed and restarted while workers work and raters rate."""
    tally = restart_under_load(own_stack, own_scene, [host, second_host], 20261124, restarts=4)
    assert tally.violations == []
    assert tally.crashed == []


def short_functions(scene: Scene, folder: Path) -> Functions:
    """A run over which Supabase goes away tries to settle until its end, so that is to come soon."""
    return scratch_functions(scene.env, folder, max_duration_s=4)
