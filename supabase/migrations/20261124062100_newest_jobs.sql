-- newest_jobs: the ids of the newest jobs, active and ended, of a status and a type. Caller: list_jobs, search_jobs.
-- Status failed means what old dashboards mean by it: pending, and waiting for a retry. before_id: only ids below it, the
-- last one of the page before. from_id: only ids from it on. skip_completed leaves the completed out. Ids are in time order.
--
-- Each list must be cheap whatever lies in the queue. In the history one index serves every combination: it is probed once
-- for each type and status asked for, and the lists are merged. The active table has no such index, because each claim
-- would pay for it; see newest_active_jobs. Locks: none.

-- newest_ended_jobs: one probe of the index for each type and status.
create or replace function queue_private.newest_ended_jobs(
  statuses public.job_status[], wanted_type public.job_type, page_size integer, before_id uuid, from_id uuid
) returns setof uuid
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  return query
    select newest.job_id
    from unnest(enum_range(null::public.job_type)) as of_type (job_type)
    cross join unnest(statuses) as of_status (status)
    cross join lateral (
      select ended.job_id
      from public.job_history as ended
      where ended.job_type = of_type.job_type and ended.status = of_status.status
        and ended.job_id < before_id and ended.job_id >= from_id
      order by ended.job_id desc
      limit page_size
    ) as newest
    where wanted_type is null or of_type.job_type = wanted_type
    order by newest.job_id desc
    limit page_size;
end
$$;
comment on function queue_private.newest_ended_jobs is 'The newest ended jobs of some statuses and a type.';
revoke all on function queue_private.newest_ended_jobs from public, anon, authenticated;
grant execute on function queue_private.newest_ended_jobs to service_role;

-- newest_leased_jobs: there are as many as workers run at once, thousands at most. They are read and sorted.
create or replace function queue_private.newest_leased_jobs(
  wanted_type public.job_type, page_size integer, before_id uuid, from_id uuid
) returns setof uuid
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return query
    select job.id
    from public.background_jobs as job
    where job.status = 'processing' and (wanted_type is null or job.job_type = wanted_type)
      and job.id < before_id and job.id >= from_id
    order by job.id desc
    limit page_size;
end
$$;
comment on function queue_private.newest_leased_jobs is 'The newest jobs in progress.';
revoke all on function queue_private.newest_leased_jobs from public, anon, authenticated;
grant execute on function queue_private.newest_leased_jobs to service_role;

-- newest_pending_jobs_of_type: first by the ids, newest first, of which 5,000 are looked at: a type that has many is met
-- often. Else by the due index, which has the ids of a type together and not in their order. A type with ten thousands of
-- jobs, after which as many of other types were enqueued, costs most: an index scan over all of them.
create or replace function queue_private.newest_pending_jobs_of_type(
  wanted_type public.job_type, page_size integer, before_id uuid, from_id uuid
) returns setof uuid
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  page uuid[];
begin
  page := array(
    select met.id
    from (
      select job.id, job.job_type, job.status
      from public.background_jobs as job
      where job.id < before_id and job.id >= from_id
      order by job.id desc
      limit 5000
    ) as met
    where met.job_type = wanted_type and met.status = 'pending'
    limit page_size
  );
  if cardinality(page) = page_size then
    return query select * from unnest(page);
    return;
  end if;
  -- "offset 0" keeps the order out of the inner query: for it the planner would walk all ids.
  return query
    select of_type.id
    from (
      select job.id from public.background_jobs as job
      where job.job_type = wanted_type and job.status = 'pending' and not job.isolated
      union all
      select job.id from public.background_jobs as job
      where job.job_type = wanted_type and job.status = 'pending' and job.isolated
      offset 0
    ) as of_type
    where of_type.id < before_id and of_type.id >= from_id
    order by of_type.id desc
    limit page_size;
end
$$;
comment on function queue_private.newest_pending_jobs_of_type is 'The newest pending jobs of a type.';
revoke all on function queue_private.newest_pending_jobs_of_type from public, anon, authenticated;
grant execute on function queue_private.newest_pending_jobs_of_type to service_role;

-- newest_active_jobs: each status by the index that has it. Without a type the ids are walked: nearly all active jobs
-- are pending.
create or replace function queue_private.newest_active_jobs(
  wanted_status public.job_status, wanted_type public.job_type, page_size integer, before_id uuid, from_id uuid
) returns setof uuid
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  if wanted_status = 'failed' then
    return query
      select newest.id
      from unnest(enum_range(null::public.job_type)) as of_type (job_type)
      cross join lateral (
        select job.id
        from public.background_jobs as job
        where job.job_type = of_type.job_type and job.status = 'pending' and job.attempts > 0
          and job.id < before_id and job.id >= from_id
        order by job.id desc
        limit page_size
      ) as newest
      where wanted_type is null or of_type.job_type = wanted_type
      order by newest.id desc
      limit page_size;
  elsif wanted_status = 'processing' then
    return query select * from queue_private.newest_leased_jobs(wanted_type, page_size, before_id, from_id);
  elsif wanted_type is not null then
    return query
      select * from queue_private.newest_pending_jobs_of_type(wanted_type, page_size, before_id, from_id)
      union all
      select each.*
      from queue_private.newest_leased_jobs(wanted_type, page_size, before_id, from_id) as each
      where wanted_status is null;
  else
    return query
      select job.id
      from public.background_jobs as job
      where job.id < before_id and job.id >= from_id
        and (wanted_status is null or job.status = wanted_status)
      order by job.id desc
      limit page_size;
  end if;
end
$$;
comment on function queue_private.newest_active_jobs is 'The newest active jobs of a status and a type.';
revoke all on function queue_private.newest_active_jobs from public, anon, authenticated;
grant execute on function queue_private.newest_active_jobs to service_role;

create or replace function queue_private.newest_jobs(
  wanted_status public.job_status, wanted_type public.job_type, page_size integer, before_id uuid,
  from_id uuid default null, skip_completed boolean default false
) returns setof uuid
language plpgsql stable
set search_path = ''
as $$
declare
  active constant boolean := wanted_status is null or wanted_status in ('pending', 'processing', 'failed');
  before constant uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  since constant uuid := coalesce(from_id, '00000000-0000-0000-0000-000000000000');
  ended public.job_status[] := array['completed', 'dead', 'discarded', 'cancelled'];
begin
  if wanted_status is not null then
    ended := array(select each from unnest(ended) as each where each = wanted_status);
  end if;
  if skip_completed then
    ended := array_remove(ended, 'completed');
  end if;
  return query
    select newest.id
    from (
      select each.id
      from queue_private.newest_active_jobs(wanted_status, wanted_type, page_size, before, since) as each (id)
      where active
      union all
      select each.id
      from queue_private.newest_ended_jobs(ended, wanted_type, page_size, before, since) as each (id)
    ) as newest
    order by newest.id desc
    limit page_size;
end
$$;
comment on function queue_private.newest_jobs is 'The ids of the newest jobs of a status and a type.';
revoke all on function queue_private.newest_jobs from public, anon, authenticated;
grant execute on function queue_private.newest_jobs to service_role;
