-- queue_health: is the queue working? Caller: /api/health/queue, polled by uptime monitors.
-- Aggregates only, each by its own index. Jobs of a paused type wait on purpose and do not count as due.
-- Unhealthy: an expired lease; a job due for more than 5 minutes; more than 10 dead jobs in 24 hours,
-- without those that were redriven, that are more than 1 % of all that ran; no run for 5 minutes while
-- jobs are due.
create or replace function public.queue_health() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  moment timestamptz := statement_timestamp();
  types public.job_type[] := queue_private.claimable_job_types(null);
  stuck bigint;
  pending bigint;
  oldest_due timestamptz;
  dead bigint;
  left_dead bigint;
  ran bigint;
  last_run timestamptz;
  drifting bigint;
  reasons text[] := '{}';
begin
  select count(*) into stuck from public.background_jobs as job
  where job.status = 'processing' and job.lease_expires_at < moment;

  select count(*) into pending from public.background_jobs as job where job.status = 'pending';

  -- One index probe for each type and priority, however long the queue is.
  select min(due.scheduled_for) into oldest_due
  from unnest(types) as wanted (job_type)
  cross join generate_series(0, 10) as level
  cross join lateral (
    select job.scheduled_for
    from public.background_jobs as job
    where job.job_type = wanted.job_type and job.priority = level
      and job.status = 'pending' and not job.isolated and job.scheduled_for <= moment
    order by job.scheduled_for limit 1
  ) as due;
  -- Isolated jobs have an index of their own.
  select least(oldest_due, min(job.scheduled_for)) into oldest_due
  from public.background_jobs as job
  where job.status = 'pending' and job.isolated and job.scheduled_for <= moment
    and job.job_type = any (types);

  select count(*), count(*) filter (where history.redriven_as is null) into dead, left_dead
  from public.job_history as history
  where history.status = 'dead' and history.completed_at > moment - interval '24 hours';

  select max(run.started_at) into last_run from public.worker_runs as run;

  -- What the last audit found; null before the first one.
  select (history.result ->> 'drifting')::bigint into drifting
  from public.job_history as history
  where history.job_type = 'audit_like_counts' and history.status = 'completed'
  order by history.id desc limit 1;

  if stuck > 0 then
    reasons := reasons || format('%s jobs are stuck: their lease has expired', stuck);
  end if;
  if oldest_due < moment - interval '5 minutes' then
    reasons := reasons || format(
      'a job has been due for %s seconds', floor(extract(epoch from moment - oldest_due))
    );
  end if;
  if left_dead > 10 then
    -- Counted only as far as it matters: anyone may ask, however long the day's history is.
    select count(*) into ran from (
      select from public.job_history as history
      where history.status <> 'cancelled' and history.completed_at > moment - interval '24 hours'
      limit left_dead * 100
    ) as counted;
    if left_dead * 100 > ran then
      reasons := reasons || format('%s of %s jobs died in the last 24 hours', left_dead, ran);
    end if;
  end if;
  if oldest_due is not null
    and coalesce(last_run, oldest_due) < moment - interval '5 minutes'
  then
    reasons := reasons || 'jobs are due, and no worker has run for 5 minutes'::text;
  end if;

  return jsonb_build_object(
    'healthy', cardinality(reasons) = 0,
    'stuck_jobs', stuck,
    'pending_jobs', pending,
    'oldest_due_seconds', floor(extract(epoch from moment - oldest_due)),
    'dead_last_24h', dead,
    'last_run_seconds_ago', floor(extract(epoch from moment - last_run)),
    'drifting_posts', drifting,
    'reasons', to_jsonb(reasons)
  );
end
$$;
comment on function public.queue_health is 'Whether the queue works, with the reasons when it does not.';
revoke all on function public.queue_health from public, anon, authenticated;
grant execute on function public.queue_health to service_role;
