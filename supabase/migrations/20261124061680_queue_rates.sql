-- queue_rates: how fast jobs of these types come and go at present, a second. Caller: queue_stats, for its forecast.
--   arriving  the median of the last ten minutes: one burst is a backlog, not a lasting rate;
--   ending    the mean of the last ten minutes, cancelled jobs left out;
--   capacity  what would end if the runs used the whole of their budgets: a queue that is emptied at each tick ends no more
--             than arrives, but could.
-- New jobs are found by their ids, which are in time order. Of each table the newest 10,000 are looked at: when more came,
-- they reach back less than ten minutes, and below two minutes arriving is their mean. Locks: none.
create or replace function queue_private.queue_rates(moment timestamptz, job_types public.job_type[])
returns table (arriving double precision, ending double precision, capacity double precision)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  most constant integer := 10000;
  first_id uuid := queue_private.first_job_id(moment - interval '10 minutes');
  end_id uuid := queue_private.first_job_id(moment + interval '1 minute');
  last_minute timestamptz := date_bin('1 minute', moment, 'epoch');
begin
  with active as materialized (
    select job.created_at, job.job_type, job.scheduled_for <= moment as counts
    from public.background_jobs as job
    where job.id >= first_id and job.id < end_id
    order by job.id desc limit most
  ), ended as materialized (
    select history.created_at, history.job_type, history.status <> 'cancelled' as counts
    from public.job_history as history
    where history.job_id >= first_id and history.job_id < end_id
    order by history.job_id desc limit most
  ), reach as materialized (
    select greatest(1, least(
      600,
      (select case when count(*) = most then extract(epoch from moment - min(active.created_at)) end from active),
      (select case when count(*) = most then extract(epoch from moment - min(ended.created_at)) end from ended)
    )) as seconds
  ), arrivals as materialized (
    select extract(epoch from moment - new.created_at) as seconds_ago
    from (select * from active union all select * from ended) as new
    where new.counts and new.job_type = any (job_types)
  ), minutes as (
    select count(arrivals.seconds_ago) as jobs
    from reach
    cross join lateral generate_series(0, floor(reach.seconds / 60)::integer - 1) as slot (minutes_ago)
    left join arrivals on floor(arrivals.seconds_ago / 60) = slot.minutes_ago
    group by slot.minutes_ago
  )
  select case
    when reach.seconds >= 120 then (select percentile_cont(0.5) within group (order by minutes.jobs) from minutes) / 60
    else (select count(*) from arrivals where arrivals.seconds_ago <= reach.seconds) / reach.seconds
  end
  into arriving
  from reach;

  select coalesce(sum(each.jobs), 0) / (540 + extract(epoch from moment - last_minute)) into ending
  from queue_private.job_tally_minutes as each
  where each.minute >= last_minute - interval '9 minutes' and each.status <> 'cancelled';

  select ending * greatest(1, coalesce(
    sum(run.budget_ms) / nullif(sum(extract(epoch from run.finished_at - run.started_at) * 1000), 0), 1
  )) into capacity
  from public.worker_runs as run
  where run.started_at > moment - interval '10 minutes' and run.finished_at is not null and run.stop_reason <> 'limit';
  return next;
end
$$;
comment on function queue_private.queue_rates is 'How fast jobs come and go at present.';
revoke all on function queue_private.queue_rates from public, anon, authenticated;
grant execute on function queue_private.queue_rates to service_role;

-- first_job_id: the smallest id that new_job_id could have made at a moment: bounds a search by time. An id has 48 bits
-- for it, to the year 10889: whatever is later, infinity too, has the last of them.
create or replace function queue_private.first_job_id(moment timestamptz) returns uuid
language sql immutable strict parallel safe
set search_path = ''
as $$
  select (
    lpad(to_hex(least(281474976710655, greatest(0, floor(extract(epoch from moment) * 1000)))::bigint), 12, '0')
      || '70000000000000000000'
  )::uuid
$$;
comment on function queue_private.first_job_id is 'The smallest job id of a moment; null for null.';
revoke all on function queue_private.first_job_id from public, anon, authenticated;
grant execute on function queue_private.first_job_id to service_role;
