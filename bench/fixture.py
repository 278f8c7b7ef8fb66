"""A queue with many rows of all kinds, made by a few statements: 4 common types on 11 priorities, one rare type."""

from bench.measuring import Connection

COMMON = ("send_notification", "process_image", "generate_thumbnail", "cleanup_expired")
RARE, ABSENT = "recompute_rankings", "audit_like_counts"
RARE_JOBS, ISOLATED_JOBS = 10, 20

# A tenth is scheduled for later, a twentieth waits for a retry.
PENDING = """
insert into public.background_jobs (job_type, payload, priority, scheduled_for, attempts, failed_at, error_message)
select
  (%(types)s::public.job_type[])[1 + n %% 4],
  jsonb_build_object('number', n),
  n %% 11,
  now() + case when n %% 10 = 0 then interval '1 day' else - (n %% 86400) * interval '1 second' end,
  (n %% 20 = 1)::integer,
  case when n %% 20 = 1 then now() end,
  case when n %% 20 = 1 then 'the push service did not answer' end
from generate_series(1, %(rows)s) as n
"""
FEW = """
insert into public.background_jobs (job_type, priority, scheduled_for, isolated)
select %(type)s, 0, now() - interval '1 minute', %(isolated)s from generate_series(1, %(rows)s)
"""
# Ids of version 7, so that they are in time order as real ones are. 2 % dead, 1 % discarded, 1 % cancelled.
ENDED = """
insert into public.job_history
  (job_id, job_type, payload, status, priority, attempts, max_attempts, error_message, result, duration_ms,
   claim_token, worker_id, created_at, completed_at)
select
  (lpad(to_hex((extract(epoch from made.at) * 1000)::bigint), 12, '0')
    || '7' || substr(md5(made.n::text), 1, 3) || '8' || substr(md5(made.n::text), 4, 15))::uuid,
  (%(types)s::public.job_type[])[1 + made.n %% 4],
  jsonb_build_object('number', made.n),
  made.status,
  made.n %% 11,
  case when made.status = 'cancelled' then 0 else 1 end,
  3,
  case when made.status = 'dead' then 'the image is not to be had' end,
  case when made.status = 'completed' then '{"ok": true}'::jsonb end,
  made.n %% 1000,
  case when made.status <> 'cancelled' then gen_random_uuid() end,
  'bench',
  made.at,
  made.at + interval '2 seconds'
from (
  select
    n,
    (case n %% 100 when 0 then 'dead' when 1 then 'dead' when 2 then 'discarded' when 3 then 'cancelled'
      else 'completed' end)::public.job_status as status,
    now() - interval '1 minute' - (%(rows)s - n) * interval '30 days' / %(rows)s as at
  from generate_series(1, %(rows)s) as n
) as made
"""


def fill(db: Connection, rows: int) -> None:
    """Make so many pending and so many ended jobs, vacuumed and analyzed, as a queue that has grown for weeks is."""
    types = list(COMMON)
    db.execute(PENDING, {"types": types, "rows": rows})
    db.execute(FEW, {"type": RARE, "isolated": False, "rows": RARE_JOBS})
    db.execute(FEW, {"type": RARE, "isolated": True, "rows": ISOLATED_JOBS})
    db.execute(ENDED, {"types": types, "rows": rows})
    # As each run of the worker does, so at most a minute ago.
    while (merged := db.execute("select queue_private.compact_job_tallies()").fetchone()) and merged[0]:
        pass
    db.execute("vacuum (analyze) public.background_jobs, public.job_history, queue_private.job_tallies")
