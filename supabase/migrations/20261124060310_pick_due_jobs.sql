-- lock_due_jobs: lock up to max_jobs of the rows at these places, the oldest first, and return their places.
-- Caller: pick_due_jobs. Every condition is tested again: the place may have another job's row by now.
-- Locks: job rows, skip locked. Index scans are off: a planner that believes the table empty would walk an index of all
-- due jobs. Without index scans it looks up the places.
create or replace function queue_private.lock_due_jobs(
  places tid[], job_types public.job_type[], max_jobs integer, moment timestamptz
) returns tid[]
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_indexscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_variable
begin
  return array(
    select job.ctid
    from public.background_jobs as job
    where job.ctid = any (places) and job.status = 'pending' and not job.isolated
      and job.scheduled_for <= moment and job.job_type = any (job_types)
    order by job.scheduled_for, job.id
    limit max_jobs
    for update skip locked
  );
end
$$;
comment on function queue_private.lock_due_jobs is 'Locks due jobs where they were seen.';
revoke all on function queue_private.lock_due_jobs from public, anon, authenticated;
grant execute on function queue_private.lock_due_jobs to service_role;

-- pick_due_jobs: lock up to max_jobs due jobs of some streams (see due_streams), the oldest first, and return where their
-- rows are. Caller: pick_batch, pick_single. Locks: job rows, skip locked.
--
-- One stream is read in its order and locked as it is read. Several are merged: candidates are read without locks and
-- locked in a second step, because locking inside the scans would lock max_jobs rows in each of them. A page takes few
-- rows of each stream; what lies behind the last row of a full one is not known, so the page counts up to the earliest
-- such row only, and the next page begins behind it and is twice as long. A rater who holds thousands of sync jobs is
-- walked past once.
create or replace function queue_private.pick_due_jobs(
  job_types public.job_type[],
  priorities integer[],
  begin_at timestamptz[],
  max_jobs integer,
  moment timestamptz,
  excluded tid[] default '{}'
) returns tid[]
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  picked tid[] := '{}';
  -- Twice what is missing: a second worker, which sees the same candidates, finds its share too.
  page integer := 2 * max_jobs / greatest(cardinality(job_types), 1) + 8;
  candidates tid[];
  last_time timestamptz := '-infinity';
  last_id uuid := '00000000-0000-0000-0000-000000000000';
  is_last boolean;
begin
  if cardinality(job_types) = 1 then
    return array(
      select job.ctid
      from public.background_jobs as job
      where job.job_type = job_types[1] and job.priority = priorities[1]
        and job.status = 'pending' and not job.isolated
        and job.scheduled_for >= begin_at[1] and job.scheduled_for <= moment
        and job.ctid not in (select unnest(excluded))
      order by job.scheduled_for, job.id
      limit max_jobs
      for update skip locked
    );
  end if;
  while cardinality(picked) < max_jobs loop
    with seen as materialized (
      select
        due.*,
        count(*) over (partition by stream.number) = page
          and row_number() over (partition by stream.number order by due.scheduled_for desc, due.id desc) = 1 as ends_a_full_page
      from unnest(job_types, priorities, begin_at) with ordinality as stream (job_type, priority, begin_at, number)
      cross join lateral (
        select job.ctid as place, job.scheduled_for, job.id
        from public.background_jobs as job
        where job.job_type = stream.job_type and job.priority = stream.priority
          and job.status = 'pending' and not job.isolated
          and job.scheduled_for >= greatest(stream.begin_at, last_time) and job.scheduled_for <= moment
          and (job.scheduled_for, job.id) > (last_time, last_id)
        order by job.scheduled_for, job.id
        limit page
      ) as due
    ), bound as (
      select seen.scheduled_for, seen.id from seen where seen.ends_a_full_page
      order by seen.scheduled_for, seen.id limit 1
    )
    select
      array_agg(seen.place order by seen.scheduled_for, seen.id)
        filter (where seen.place not in (select unnest(excluded))),
      (select bound.scheduled_for from bound), (select bound.id from bound)
    into candidates, last_time, last_id
    from seen
    where not exists (select from bound where (seen.scheduled_for, seen.id) > (bound.scheduled_for, bound.id));
    is_last := last_time is null;
    if candidates is not null then
      picked := picked || queue_private.lock_due_jobs(
        candidates, job_types, max_jobs - cardinality(picked), moment
      );
    end if;
    exit when is_last;
    page := 2 * page;
  end loop;
  return picked;
end
$$;
comment on function queue_private.pick_due_jobs is 'Locks the oldest due jobs of some streams.';
revoke all on function queue_private.pick_due_jobs from public, anon, authenticated;
grant execute on function queue_private.pick_due_jobs to service_role;
