-- queue_stats: the queue in numbers. Caller: /api/admin/queue/stats and /metrics.
-- Aggregates in the database, never a listing: PostgREST would cut that at 1,000 rows.
-- failed counts the pending jobs that wait for a retry, so pending includes them.

-- queue_stats_by_type: one row for each job type, active jobs and the last 24 hours.
create or replace function queue_private.queue_stats_by_type(moment timestamptz)
returns table (
  job_type public.job_type, pending bigint, processing bigint, failed bigint, due bigint,
  scheduled bigint, stuck bigint, isolated bigint, oldest_due_seconds bigint, paused boolean,
  completed_last_24h bigint, dead_last_24h bigint, discarded_last_24h bigint,
  average_ms_last_24h bigint
)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    with active as (
      select
        job.job_type,
        count(*) filter (where job.status = 'pending') as pending,
        count(*) filter (where job.status = 'processing') as processing,
        count(*) filter (where job.status = 'pending' and job.attempts > 0) as failed,
        count(*) filter (where job.status = 'pending' and job.scheduled_for <= moment) as due,
        count(*) filter (where job.status = 'pending' and job.scheduled_for > moment) as scheduled,
        count(*) filter (where job.status = 'processing' and job.lease_expires_at < moment) as stuck,
        count(*) filter (where job.isolated) as isolated,
        min(job.scheduled_for) filter (where job.status = 'pending') as next_due
      from public.background_jobs as job
      group by job.job_type
    ), ended as (
      select
        history.job_type,
        count(*) filter (where history.status = 'completed') as completed,
        count(*) filter (where history.status = 'dead') as dead,
        count(*) filter (where history.status = 'discarded') as discarded,
        avg(history.duration_ms) filter (where history.status = 'completed') as average_ms
      from public.job_history as history
      where history.completed_at > moment - interval '24 hours'
      group by history.job_type
    )
    select
      known.job_type,
      coalesce(active.pending, 0),
      coalesce(active.processing, 0),
      coalesce(active.failed, 0),
      coalesce(active.due, 0),
      coalesce(active.scheduled, 0),
      coalesce(active.stuck, 0),
      coalesce(active.isolated, 0),
      case when active.due > 0 then floor(extract(epoch from moment - active.next_due))::bigint end,
      exists (
        select from queue_private.paused_job_types as paused where paused.job_type = known.job_type
      ),
      coalesce(ended.completed, 0),
      coalesce(ended.dead, 0),
      coalesce(ended.discarded, 0),
      round(ended.average_ms)::bigint
    from unnest(enum_range(null::public.job_type)) as known (job_type)
    left join active on active.job_type = known.job_type
    left join ended on ended.job_type = known.job_type
    order by known.job_type;
end
$$;
revoke all on function queue_private.queue_stats_by_type from public, anon, authenticated;
grant execute on function queue_private.queue_stats_by_type to service_role;

-- queue_throughput: the jobs that ended in each of the last 60 minutes, oldest first.
create or replace function queue_private.queue_throughput(moment timestamptz)
returns table (minute timestamptz, completed bigint, dead bigint, discarded bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    select
      slot.minute,
      count(*) filter (where history.status = 'completed'),
      count(*) filter (where history.status = 'dead'),
      count(*) filter (where history.status = 'discarded')
    from generate_series(
      date_trunc('minute', moment) - interval '59 minutes', date_trunc('minute', moment),
      interval '1 minute'
    ) as slot (minute)
    left join public.job_history as history
      on history.completed_at >= date_trunc('minute', moment) - interval '59 minutes'
      and date_trunc('minute', history.completed_at) = slot.minute
    group by slot.minute
    order by slot.minute;
end
$$;
revoke all on function queue_private.queue_throughput from public, anon, authenticated;
grant execute on function queue_private.queue_throughput to service_role;

-- worker_run_stats: what the ledger says of the last hour. A gap of more than 90 seconds between two
-- starts, or since the last one, is a missed tick; a start before an earlier run's end is an overlap; a
-- run without an end after a minute was killed. Where no run ever started none was missed.
create or replace function queue_private.worker_run_stats(moment timestamptz) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  hour_begins timestamptz := moment - interval '1 hour';
  missed bigint;
  latest record;
begin
  with starts as (
    select run.started_at as began from public.worker_runs as run where run.started_at > hour_begins
    union all
    select moment
    union all
    -- A gap that began before the hour counts from its beginning on.
    select hour_begins
    where exists (select from public.worker_runs as run where run.started_at <= hour_begins)
  ), gaps as (
    select extract(epoch from starts.began - lag(starts.began) over (order by starts.began)) as seconds from starts
  )
  select coalesce(sum(round(gaps.seconds / 60) - 1), 0) into missed from gaps where gaps.seconds > 90;

  select max(run.started_at) as started_at, max(run.finished_at) as finished_at into latest
  from public.worker_runs as run;

  return (
    with recent as (
      select
        run.started_at,
        run.finished_at,
        max(coalesce(run.finished_at, run.started_at + make_interval(secs => run.budget_ms / 1000.0)))
          over (order by run.started_at rows between unbounded preceding and 1 preceding) as busy_until
      from public.worker_runs as run
      where run.started_at > hour_begins
    )
    select jsonb_build_object(
      'last_hour', count(*),
      'killed', count(*) filter (
        where recent.finished_at is null and recent.started_at < moment - interval '1 minute'
      ),
      'overlapping', count(*) filter (where recent.started_at < recent.busy_until),
      'missed', missed,
      'last_started_at', latest.started_at,
      'last_finished_at', latest.finished_at
    )
    from recent
  );
end
$$;
revoke all on function queue_private.worker_run_stats from public, anon, authenticated;
grant execute on function queue_private.worker_run_stats to service_role;

create or replace function public.queue_stats() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  moment timestamptz := statement_timestamp();
  ended_lately bigint;
begin
  -- How many jobs a worker ended in the last 10 minutes: the pace for the forecast.
  select count(*) into ended_lately from public.job_history as history
  where history.completed_at > moment - interval '10 minutes' and history.status <> 'cancelled';
  return (
    select jsonb_build_object(
      'pending', sum(each.pending)::bigint,
      'processing', sum(each.processing)::bigint,
      'failed', sum(each.failed)::bigint,
      'by_type', coalesce(
        jsonb_object_agg(each.job_type, each.pending + each.processing)
          filter (where each.pending + each.processing > 0),
        '{}'
      ),
      'due', sum(each.due)::bigint,
      'scheduled', sum(each.scheduled)::bigint,
      'stuck', sum(each.stuck)::bigint,
      'dead_last_24h', sum(each.dead_last_24h)::bigint,
      'oldest_due_seconds', max(each.oldest_due_seconds),
      'types', jsonb_agg(to_jsonb(each)),
      'throughput', (
        select jsonb_agg(to_jsonb(slot)) from queue_private.queue_throughput(moment) as slot
      ),
      'runs', queue_private.worker_run_stats(moment),
      'forecast_seconds', case
        when coalesce(sum(each.due) filter (where not each.paused), 0) = 0 then 0
        when ended_lately > 0 then ceil(sum(each.due) filter (where not each.paused) * 600 / ended_lately)
      end,
      'generated_at', moment
    )
    from queue_private.queue_stats_by_type(moment) as each
  );
end
$$;
comment on function public.queue_stats is 'The queue in numbers, exact at any size.';
revoke all on function public.queue_stats from public, anon, authenticated;
grant execute on function public.queue_stats to service_role;
