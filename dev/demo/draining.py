"""Draining: the cron ticks until nothing is left, as Vercel's would."""

import json
import time
from collections import Counter

from dev.demo.scene import Scene, table
from lib.cli.words import milliseconds, plural

LONGEST_S = 45
PAUSE_S = 0.5
# Why a run ended, in words.
STOPS = {"empty": "until nothing was due", "budget": "until its time was over", "limit": "until its limit"}


def drain(scene: Scene) -> None:
    """Tick until no active job is left, then check that none is, and that none died."""
    scene.say("the cron ticks")
    started = time.monotonic()
    fates: Counter[str] = Counter()
    while active(scene) and time.monotonic() - started < LONGEST_S:
        for reply in scene.functions.cron_tick():
            answer = reply.json()
            if reply.status != 200:
                scene.check("the worker answers", False, f"{reply.status} {json.dumps(answer)}")
                return
            fates.update({name: answer[name] for name in ("completed", "retried", "dead", "snoozed", "discarded")})
            if answer["processed"]:
                scene.say(
                    f"one invocation: {plural(answer['processed'], 'job')} in {milliseconds(answer['durationMs'])}, "
                    f"{STOPS.get(answer['stopReason'], answer['stopReason'])}"
                )
        time.sleep(PAUSE_S)
    left = active(scene)
    scene.check("nothing is left in the queue", left == 0, plural(left, "active job"))
    scene.check("no job died", fates["dead"] == 0, f"{sum(fates.values()):,} settled, {fates['dead']} dead")


def active(scene: Scene) -> int:
    """How many jobs are pending or processing."""
    return scene.count("select count(*) from background_jobs")


def report_jobs(scene: Scene) -> None:
    """What ended, by type."""
    rows = scene.db.execute(
        """select job_type::text as "job type", status::text as ended, count(*)::int as jobs,
             round(avg(duration_ms))::int as "average ms", max(duration_ms)::int as "longest ms"
           from job_history group by 1, 2 order by 1, 2"""
    ).fetchall()
    print(table(rows), flush=True)
    # Those that the queue brings; the demo asks for no other.
    types = {row["job_type"] for row in scene.db.execute("select job_type::text from queue_private.job_type_policies")}
    done = {row["job type"] for row in rows if row["ended"] == "completed"} & types
    scene.check("jobs of every type completed", done == types, f"{len(done)} of {len(types)} types")
