"""Under the platform: functions that are killed at their maxDuration, and crons that are delivered more than once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.scene import Scene
from tests.faults.scratch import scratch_functions


def test_the_next_ticks_finish_what_a_killed_function_left(scene: Scene, tmp_path: Path) -> None:
    """One handler sleeps in the event loop's thread, one computes without yielding, one never returns. The first two
    get their function killed, with all that it held. They end dead, with a message, and everything else completes."""
    good = scene.plant(["complete"] * 12, max_attempts=25)
    blocks, burns, hangs = scene.plant(["block", "burn", "hang"], max_attempts=1)
    statuses = []
    with scratch_functions(scene.env, tmp_path, max_duration_s=2, timeout_s=0.5) as functions:
        scene.heal(lambda: statuses.append(functions.cron_tick()[0].status))
    assert scene.violations() == []
    assert scene.ends(good) == {"completed": 12}
    assert scene.ends([blocks, burns, hangs]) == {"dead": 3}
    # Once with the others, and then each alone for the one attempt that it has.
    assert statuses.count(504) == 3
    assert set(statuses) <= {200, 503, 504}
    for culprit in (blocks, burns):
        assert "lease expired" in (scene.message_of(culprit) or "")
    assert "no end after 0.5 s" in (scene.message_of(hangs) or "")


def test_overlapping_deliveries_run_each_job_once(scene: Scene, tmp_path: Path) -> None:
    """Two, five and ten ticks at once, in one process, as the platform may have it."""
    with scratch_functions(scene.env, tmp_path, timeout_s=5.0) as functions:
        for deliveries in (2, 5, 10):
            jobs = scene.plant(["complete"] * 30, ms=5)
            scene.plant_likes(posts=10, sessions=2)
            scene.plant_slot()
            with ThreadPoolExecutor(deliveries) as ticks:
                replies = [each[0] for each in ticks.map(lambda _: functions.cron_tick(), range(deliveries))]
            assert [reply.status for reply in replies] == [200] * deliveries
            assert scene.violations() == []
            begun = scene.effects()
            assert [begun[job_id] for job_id in jobs] == [1] * len(jobs)
            assert sum(reply.json()["stale"] for reply in replies) == 0
