-- compact_job_tallies: merge the oldest rows of job_tally_deltas into job_tallies. Caller: start_worker_run, at each run.
-- Returns how many rows were merged. Also drops the minutes and hours that no statistic asks for any more.
-- A total never falls, or rate() of Prometheus would see a restart: it counts what was added and not what was taken away.
-- Locks: an advisory lock, tried and not waited for, so that one call merges at a time. Safe to repeat: yes.
create or replace function queue_private.compact_job_tallies(max_deltas integer default 50000) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  merged integer;
begin
  if not pg_try_advisory_xact_lock(hashtext('queue_private.compact_job_tallies')) then
    return 0;
  end if;
  with taken as (
    delete from queue_private.job_tally_deltas as delta
    where delta.ctid = any (array(select old.ctid from queue_private.job_tally_deltas as old limit max_deltas))
    returning delta.*
  ), by_minute as (
    select
      each.minute, each.job_type, each.status, each.jobs > 0 as is_added,
      sum(each.jobs)::bigint as jobs, sum(each.attempts)::bigint as attempts,
      sum(each.duration_ms)::bigint as duration_ms, sum(each.waited_ms)::bigint as waited_ms,
      array[
        sum(each.durations[1]), sum(each.durations[2]), sum(each.durations[3]), sum(each.durations[4]), sum(each.durations[5]),
        sum(each.durations[6]), sum(each.durations[7]), sum(each.durations[8]), sum(each.durations[9]), sum(each.durations[10]),
        sum(each.durations[11]), sum(each.durations[12]), sum(each.durations[13]), sum(each.durations[14])
      ]::bigint[] as durations,
      array[
        sum(each.waits[1]), sum(each.waits[2]), sum(each.waits[3]), sum(each.waits[4]), sum(each.waits[5]),
        sum(each.waits[6]), sum(each.waits[7]), sum(each.waits[8]), sum(each.waits[9]), sum(each.waits[10]),
        sum(each.waits[11]), sum(each.waits[12]), sum(each.waits[13]), sum(each.waits[14])
      ]::bigint[] as waits
    from taken as each
    group by each.minute, each.job_type, each.status, each.jobs > 0
  ), sums as (
    select
      tally.grain, tally.starts_at, each.job_type, each.status,
      sum(each.jobs)::bigint as jobs, sum(each.attempts)::bigint as attempts,
      sum(each.duration_ms)::bigint as duration_ms, sum(each.waited_ms)::bigint as waited_ms,
      array[
        sum(each.durations[1]), sum(each.durations[2]), sum(each.durations[3]), sum(each.durations[4]), sum(each.durations[5]),
        sum(each.durations[6]), sum(each.durations[7]), sum(each.durations[8]), sum(each.durations[9]), sum(each.durations[10]),
        sum(each.durations[11]), sum(each.durations[12]), sum(each.durations[13]), sum(each.durations[14])
      ]::bigint[] as durations,
      array[
        sum(each.waits[1]), sum(each.waits[2]), sum(each.waits[3]), sum(each.waits[4]), sum(each.waits[5]),
        sum(each.waits[6]), sum(each.waits[7]), sum(each.waits[8]), sum(each.waits[9]), sum(each.waits[10]),
        sum(each.waits[11]), sum(each.waits[12]), sum(each.waits[13]), sum(each.waits[14])
      ]::bigint[] as waits
    from by_minute as each
    cross join lateral (
      values
        ('minute', each.minute),
        ('hour', date_bin('1 hour', each.minute, 'epoch')),
        ('total', '-infinity'::timestamptz)
    ) as tally (grain, starts_at)
    where tally.grain <> 'total' or each.is_added
    group by tally.grain, tally.starts_at, each.job_type, each.status
  ), added as (
    insert into queue_private.job_tallies as tally
      (grain, starts_at, job_type, status, jobs, attempts, duration_ms, waited_ms, durations, waits)
    select
      sums.grain, sums.starts_at, sums.job_type, sums.status, sums.jobs, sums.attempts, sums.duration_ms,
      sums.waited_ms, sums.durations, sums.waits
    from sums
    on conflict (grain, starts_at, job_type, status) do update set
    jobs = tally.jobs + excluded.jobs,
    attempts = tally.attempts + excluded.attempts,
    duration_ms = tally.duration_ms + excluded.duration_ms,
    waited_ms = tally.waited_ms + excluded.waited_ms,
    durations = array[
      tally.durations[1] + excluded.durations[1], tally.durations[2] + excluded.durations[2],
      tally.durations[3] + excluded.durations[3], tally.durations[4] + excluded.durations[4],
      tally.durations[5] + excluded.durations[5], tally.durations[6] + excluded.durations[6],
      tally.durations[7] + excluded.durations[7], tally.durations[8] + excluded.durations[8],
      tally.durations[9] + excluded.durations[9], tally.durations[10] + excluded.durations[10],
      tally.durations[11] + excluded.durations[11], tally.durations[12] + excluded.durations[12],
      tally.durations[13] + excluded.durations[13], tally.durations[14] + excluded.durations[14]
    ],
    waits = array[
      tally.waits[1] + excluded.waits[1], tally.waits[2] + excluded.waits[2],
      tally.waits[3] + excluded.waits[3], tally.waits[4] + excluded.waits[4],
      tally.waits[5] + excluded.waits[5], tally.waits[6] + excluded.waits[6],
      tally.waits[7] + excluded.waits[7], tally.waits[8] + excluded.waits[8],
      tally.waits[9] + excluded.waits[9], tally.waits[10] + excluded.waits[10],
      tally.waits[11] + excluded.waits[11], tally.waits[12] + excluded.waits[12],
      tally.waits[13] + excluded.waits[13], tally.waits[14] + excluded.waits[14]
    ]
  )
  select count(*) into merged from taken;

  delete from queue_private.job_tallies as tally
  where tally.grain = 'minute' and tally.starts_at < now() - interval '26 hours'
    or tally.grain = 'hour' and tally.starts_at < now() - interval '8 days';
  return merged;
end
$$;
comment on function queue_private.compact_job_tallies is 'Merge what was tallied lately.';
revoke all on function queue_private.compact_job_tallies from public, anon, authenticated;
grant execute on function queue_private.compact_job_tallies to service_role;

-- job_tally_minutes: what ended in each minute of the last 26 hours, merged or not. Several rows for one minute, type
-- and status: sum them.
create or replace view queue_private.job_tally_minutes with (security_invoker = true) as
select
  tally.starts_at as minute, tally.job_type, tally.status, tally.jobs, tally.attempts, tally.duration_ms,
  tally.waited_ms, tally.durations, tally.waits
from queue_private.job_tallies as tally
where tally.grain = 'minute'
union all
select
  delta.minute, delta.job_type, delta.status, delta.jobs, delta.attempts, delta.duration_ms,
  delta.waited_ms, delta.durations, delta.waits
from queue_private.job_tally_deltas as delta;
comment on view queue_private.job_tally_minutes is 'What ended in each minute of the last 26 hours.';

-- job_tally_totals: what ended since the beginning. Several rows for one type and status: sum them.
create or replace view queue_private.job_tally_totals with (security_invoker = true) as
select
  tally.job_type, tally.status, tally.jobs, tally.attempts, tally.duration_ms, tally.waited_ms,
  tally.durations, tally.waits
from queue_private.job_tallies as tally
where tally.grain = 'total'
union all
select
  delta.job_type, delta.status, delta.jobs, delta.attempts, delta.duration_ms, delta.waited_ms,
  delta.durations, delta.waits
from queue_private.job_tally_deltas as delta
where delta.jobs > 0;
comment on view queue_private.job_tally_totals is 'What ended since the beginning.';
revoke all on table queue_private.job_tally_minutes, queue_private.job_tally_totals from public, anon, authenticated;
grant select on table queue_private.job_tally_minutes, queue_private.job_tally_totals to service_role;
