-- oldest_due_jobs: since when the oldest due job of each type has been due; no row for a type without one.
-- Caller: queue_health, queue_stats. One index probe for each type and priority, however long the queue is; isolated jobs
-- have an index of their own. Paused types are among them. Locks: none.
create or replace function queue_private.oldest_due_jobs(moment timestamptz)
returns table (job_type public.job_type, due_since timestamptz)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
begin
  return query
    select known.job_type, min(due.scheduled_for)
    from unnest(enum_range(null::public.job_type)) as known (job_type)
    cross join lateral (
      select probe.scheduled_for
      from generate_series(0, 10) as level
      cross join lateral (
        select job.scheduled_for
        from public.background_jobs as job
        where job.job_type = known.job_type and job.priority = level
          and job.status = 'pending' and not job.isolated and job.scheduled_for <= moment
        order by job.scheduled_for
        limit 1
      ) as probe
      union all
      (
        select job.scheduled_for
        from public.background_jobs as job
        where job.job_type = known.job_type
          and job.status = 'pending' and job.isolated and job.scheduled_for <= moment
        order by job.scheduled_for
        limit 1
      )
    ) as due
    group by known.job_type;
end
$$;
comment on function queue_private.oldest_due_jobs is 'Since when the oldest due job of each type has been due.';
revoke all on function queue_private.oldest_due_jobs from public, anon, authenticated;
grant execute on function queue_private.oldest_due_jobs to service_role;
