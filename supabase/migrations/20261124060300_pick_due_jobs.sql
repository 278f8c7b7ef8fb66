-- pick_due_jobs: lock up to max_jobs due jobs, by priority or oldest first, and return their ids.
-- One ordered index scan for each type and priority, merged: a rare type, or a high priority with many
-- jobs that are not due yet, costs no walk over the others. Candidates are read without locks and
-- locked in a second step, because locking inside the scans would lock max_jobs rows in each of them.
-- Each page of candidates begins behind the last one and is twice as long: a rater who holds thousands
-- of sync jobs is walked past once.
-- The planner often works with the statistics of an empty queue, for which any plan is good: without
-- bitmap scans and needless sorts only the ordered scan is left, which is good for a full one too.
create or replace function queue_private.pick_due_jobs(
  job_types public.job_type[], max_jobs integer, oldest_first boolean, excluded uuid[] default '{}'
) returns uuid[]
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  moment timestamptz := clock_timestamp();
  picked uuid[] := '{}';
  -- Twice what is missing: a second worker, which sees the same candidates, finds its share too.
  page integer := 2 * max_jobs + 8;
  candidates uuid[];
  priorities integer[];
  times timestamptz[];
  -- Where the last page ended.
  last_priority integer := 10;
  last_time timestamptz := '-infinity';
  last_id uuid := '00000000-0000-0000-0000-000000000000';
begin
  while cardinality(picked) < max_jobs loop
    select array_agg(candidate.id), array_agg(candidate.priority), array_agg(candidate.scheduled_for)
    into candidates, priorities, times
    from (
      select due.id, due.priority, due.scheduled_for
      from unnest(job_types) as wanted (job_type)
      cross join generate_series(0, case when oldest_first then 10 else last_priority end) as level
      cross join lateral (
        select job.id, job.priority, job.scheduled_for
        from public.background_jobs as job
        where job.job_type = wanted.job_type and job.priority = level
          and job.status = 'pending' and not job.isolated
          and job.scheduled_for <= moment and job.id <> all (excluded)
          and (job.scheduled_for, job.id) > (
            case when oldest_first or level = last_priority then last_time else '-infinity' end,
            case when oldest_first or level = last_priority then last_id
              else '00000000-0000-0000-0000-000000000000' end
          )
        order by job.scheduled_for, job.id
        limit page
      ) as due
      order by case when oldest_first then 0 else due.priority end desc, due.scheduled_for, due.id
      limit page
    ) as candidate;
    -- For the planner "= any" of an empty array implies the predicate of every partial index: it would walk one.
    exit when candidates is null;
    picked := picked || array(
      select locked.id
      from (
        -- Without "not isolated", which would let the planner walk the due index instead of the key.
        select job.id, job.isolated
        from public.background_jobs as job
        where job.id = any (candidates) and job.status = 'pending' and job.scheduled_for <= moment
        order by case when oldest_first then 0 else job.priority end desc, job.scheduled_for, job.id
        limit max_jobs - cardinality(picked)
        for update skip locked
      ) as locked
      where not locked.isolated
    );
    exit when cardinality(candidates) < page;
    last_priority := priorities[page];
    last_time := times[page];
    last_id := candidates[page];
    page := 2 * page;
  end loop;
  return picked;
end
$$;
revoke all on function queue_private.pick_due_jobs from public, anon, authenticated;
grant execute on function queue_private.pick_due_jobs to service_role;
