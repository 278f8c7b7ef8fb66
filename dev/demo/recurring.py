"""Recurring jobs: the schedules that every project starts with, all due at once."""

from dev.demo.scene import Scene
from lib.cli.words import plural


def show_recurring(scene: Scene) -> None:
    """Let their time come: the next tick enqueues each of them, once."""
    scene.db.execute("update job_schedules set next_run_at = now() where enabled")
    scene.say("the schedules are due: rankings, clean-up, the audit of the like counts")


def report_recurring(scene: Scene) -> None:
    """Check that each ran, and that the audit found every count right."""
    scheduled = scene.count("select count(*) from job_schedules where enabled")
    ran = scene.count(
        "select count(*) from job_history where status = 'completed' and idempotency_key like 'schedule:%'"
    )
    scene.check("each schedule's job completed, once", ran == scheduled, f"{ran} of {scheduled}")
    drifting = scene.count("select (queue_health() ->> 'drifting_posts')::int")
    scene.check("the audit found every like count right", drifting == 0, plural(drifting, "wrong count"))
