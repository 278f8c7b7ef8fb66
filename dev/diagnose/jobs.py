"""A queue without a fence, without a lease and without limits, and the worker that belongs to it."""

import asyncio
import subprocess
import sys
from typing import LiteralString

import httpx
import psycopg
from psycopg.types.json import Jsonb

from dev import paths
from dev.diagnose.fault import Evidence
from dev.diagnose.scene import Scene

BY_STATUS: LiteralString = """
    select string_agg(jobs || ' ' || status, ', ' order by status)
    from (select status, count(*) as jobs from background_jobs group by status) as each
"""


def run_worker(scene: Scene, batch: int) -> subprocess.Popen[str]:
    """Start the first draft's worker as a process."""
    command = [sys.executable, "-m", "dev.diagnose.old_app.worker", scene.database_url, str(batch)]
    return subprocess.Popen(command, cwd=paths.PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def last_words(worker: subprocess.Popen[str]) -> str:
    """Wait for the worker's end and return the last line that it wrote: the exception."""
    return (worker.communicate(timeout=30)[1].strip().splitlines() or [""])[-1]


def unfenced_settling(scene: Scene) -> Evidence:
    """A worker stalls; its job is given to another one, which completes it; then the first one reports its failure."""
    job_id = scene.job("send_notification")
    with scene.connect() as first, scene.connect() as second:
        first.execute("select * from claim_jobs(1)")
        second.execute("select reset_stuck_jobs()")
        second.execute("select * from claim_jobs(1)")
        second.execute("select complete_job(%s, %s)", [job_id, Jsonb("sent")])
        first.execute("select fail_job(%s, 'timeout')", [job_id])
    row = scene.db.execute("select status, result, error_message from background_jobs").fetchone() or {}
    return Evidence(
        "-- worker A claims and stalls; worker B claims, sends, and completes; then A:\n"
        "select fail_job('{id}', 'timeout');",
        f"status {row['status']!r}, result {row['result']!r}, error {row['error_message']!r}: it will be sent again",
        row["status"] == "pending",
    )


def stuck_jobs(scene: Scene) -> Evidence:
    """A worker is killed while it works. A day goes by."""
    scene.job("hang")
    worker = run_worker(scene, 1)
    if worker.stdout is not None:
        worker.stdout.readline()
    worker.kill()
    worker.communicate(timeout=30)
    scene.db.execute("update background_jobs set started_at = started_at - interval '1 day'")
    claimed = len(scene.db.execute("select * from claim_jobs(10)").fetchall())
    status = scene.value("select status from background_jobs")
    return Evidence(
        "-- kill -9 of the worker; a day later:\nselect count(*) from claim_jobs(10);",
        f"{claimed} jobs; the job is still {status!r}, and nothing will ever take it back",
        (claimed, status) == (0, "processing"),
    )


def unbounded_backoff(scene: Scene) -> Evidence:
    """A job with many attempts fails, for the 20th and for the 50th time."""
    job_id = scene.job("fail", attempts=20, max_attempts=100)
    scene.db.execute("select fail_job(%s, 'no answer')", [job_id])
    days = scene.value("select (extract(epoch from scheduled_for - now()) / 86400)::integer from background_jobs")
    scene.db.execute("update background_jobs set attempts = 50")
    try:
        scene.db.execute("select fail_job(%s, 'no answer')", [job_id])
        error = "no error"
    except psycopg.Error as refusal:
        error = str(refusal.diag.message_primary)
    return Evidence(
        "-- scheduled_for = now() + power(2, attempts) * interval '1 minute'\nselect fail_job('{id}', 'no answer');",
        f"after 20 attempts it waits {days} days; after 50 fail_job itself fails: {error}",
        days == 728 and error != "no error",
    )


def poison_jobs(scene: Scene) -> Evidence:
    """One of ten jobs kills its process, which had claimed all ten. An operator resets them, three times."""
    scene.job("die")
    for _ in range(9):
        scene.job("good")
    for _ in range(3):
        run_worker(scene, 10).communicate(timeout=30)
        scene.db.execute("select reset_stuck_jobs()")
    statuses = scene.value(BY_STATUS)
    return Evidence(
        "select status, count(*) from background_jobs group by status; -- 1 poison job and 9 good ones, batch of 10",
        f"{statuses}: the nine never ran, and their attempts are spent",
        statuses == "10 failed",
    )


def loop_that_stops(scene: Scene) -> Evidence:
    """The first of five due jobs fails."""
    scene.job("fail")
    for _ in range(4):
        scene.job("good")
    error = last_words(run_worker(scene, 1))
    statuses = scene.value(BY_STATUS)
    return Evidence(
        "while jobs := claim(batch):\n    results = [(job, handle(job)) for job in jobs]",
        f"{error}; after the run: {statuses}. The broken job is stuck too",
        statuses == "4 pending, 1 processing",
        "python",
    )


def other_keys(scene: Scene) -> Evidence:
    """The trigger's job meets its handler."""
    post_id = scene.post()
    with scene.the_trigger():
        scene.db.execute("insert into post_ratings (post_id, session_id) values (%s, 'a')", [post_id])
    keys = scene.value("select string_agg(key, ', ') from background_jobs, jsonb_object_keys(payload) as key")
    error = last_words(run_worker(scene, 1))
    return Evidence(
        "json_build_object('postId', new.post_id)   -- the trigger\n"
        'str(job["payload"]["post_id"])             -- the handler',
        f"the payload has {keys!r}; the worker ends with {error}",
        error == "KeyError: 'post_id'",
    )


def cut_statistics(scene: Scene) -> Evidence:
    """A dashboard fetches the pending jobs and counts what came."""
    scene.db.execute("insert into background_jobs (job_type) select 'good' from generate_series(1, 1500)")

    async def count() -> int:
        async with scene.server() as client:
            reply: httpx.Response = await client.get(
                "/background_jobs", params={"status": "eq.pending", "select": "id"}
            )
            return len(reply.json())

    counted, there = asyncio.run(count()), scene.value("select count(*) from background_jobs")
    return Evidence(
        "GET /rest/v1/background_jobs?status=eq.pending&select=id   (service key), then rows.length",
        f"{counted:,} jobs, where there are {there:,}",
        (counted, there) == (1000, 1500),
        "http",
    )
