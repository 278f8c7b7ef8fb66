"""How many like syncs one invocation of /api/queue/process drains, under Vercel's runtime."""

import secrets

from bench.measuring import connect
from dev.supabase.stack import Stack
from dev.vercel import Functions

SYNCS = 5_000


def run(stack: Stack) -> None:
    """Print how many of the due syncs one cron tick did, and in what time."""
    with connect(stack) as db:
        db.execute("truncate background_jobs")
        db.execute("insert into posts_new (caption) select 'bench' from generate_series(1, %s)", [SYNCS])
        db.execute(
            """insert into background_jobs (job_type, payload, priority, max_attempts)
               select 'sync_like_count', jsonb_build_object('post_id', id), 5, 10
               from posts_new where caption = 'bench'"""
        )
    secret = secrets.token_hex(16)
    with Functions(stack.project, stack.functions_env() | {"CRON_SECRET": secret}) as functions:
        (reply,) = functions.cron_tick()
    report = reply.json()
    print(
        f"  {report['completed']:,} of {SYNCS:,} like syncs in one invocation of {report['durationMs']:,} ms "
        f"(budget {report['budgetMs']:,} ms), stopped because: {report['stopReason']}",
        flush=True,
    )
