-- due_streams: a stream is one job type at one priority, and the due index holds its pending jobs in the order in which
-- they are due. Returns the streams of these types, numbered as low_water.sql does, with the due time of each one's first
-- due job, or null. Caller: pick_batch. Each scan starts at the stream's low-water mark, or at the beginning, when there
-- are no marks or the type has late jobs.
-- One probe of the index for each stream, at most 77: a rare type, or a high priority with many jobs that are not due
-- yet, costs no walk over the others. The planner often works with the statistics of an empty queue, for which any plan
-- is good: without bitmap scans and needless sorts only the ordered scan is left, which is good for a full one too.
-- The late jobs are ordered, though their order is not needed: then only their own index can serve the query.
-- Locks: no rows. Safe to repeat: yes.
create or replace function queue_private.due_streams(
  job_types public.job_type[], moment timestamptz, marks bigint[]
) returns table (number integer, job_type public.job_type, priority integer, first_due timestamptz)
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
    select stream.number, stream.job_type, stream.priority, head.scheduled_for
    from (
      select
        ((known.number - 1) * 11 + level.priority + 1)::integer as number,
        known.job_type,
        level.priority,
        late.is_late
      from unnest(enum_range(null::public.job_type)) with ordinality as known (job_type, number)
      left join lateral (
        select true as is_late
        from public.background_jobs as job
        where marks is not null and job.job_type = known.job_type
          and job.status = 'pending' and not job.isolated
          and job.updated_at - job.scheduled_for > interval '50 milliseconds'
        order by job.updated_at - job.scheduled_for
        limit 1
      ) as late on true
      cross join generate_series(0, 10) as level (priority)
      where known.job_type = any (job_types)
    ) as stream
    left join lateral (
      select job.scheduled_for
      from public.background_jobs as job
      where job.job_type = stream.job_type and job.priority = stream.priority
        and job.status = 'pending' and not job.isolated
        and job.scheduled_for <= moment
        and job.scheduled_for >= case
          when stream.is_late or marks is null then '-infinity'
          else timestamptz 'epoch' + marks[stream.number] * interval '1 microsecond'
        end
      order by job.scheduled_for
      limit 1
    ) as head on true;
end
$$;
comment on function queue_private.due_streams is 'The streams of these types, and where their due jobs begin.';
revoke all on function queue_private.due_streams from public, anon, authenticated;
grant execute on function queue_private.due_streams to service_role;
