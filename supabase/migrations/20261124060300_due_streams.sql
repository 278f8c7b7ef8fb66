-- due_streams: a stream is one job type at one priority, and the due index holds its pending jobs in the order in which
-- they are due. Returns the streams that have due jobs, with the due time of each one's first job. Caller: claims.
-- One probe of the index for each stream, at most 77: a rare type, or a high priority with many jobs that are not due
-- yet, costs no walk over the others. The planner often works with the statistics of an empty queue, for which any plan
-- is good: without bitmap scans and needless sorts only the ordered scan is left, which is good for a full one too.
-- Locks: no rows. Safe to repeat: yes.
create or replace function queue_private.due_streams(job_types public.job_type[], moment timestamptz)
returns table (job_type public.job_type, priority integer, first_due timestamptz)
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
#variable_conflict use_column
begin
  return query
    select wanted.job_type, level.priority, head.scheduled_for
    from unnest(job_types) as wanted (job_type)
    cross join generate_series(0, 10) as level (priority)
    cross join lateral (
      select job.scheduled_for
      from public.background_jobs as job
      where job.job_type = wanted.job_type and job.priority = level.priority
        and job.status = 'pending' and not job.isolated
        and job.scheduled_for <= moment
      order by job.scheduled_for
      limit 1
    ) as head;
end
$$;
comment on function queue_private.due_streams is 'The types and priorities that have due jobs.';
revoke all on function queue_private.due_streams from public, anon, authenticated;
grant execute on function queue_private.due_streams to service_role;
