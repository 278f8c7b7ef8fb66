-- matching_jobs: the ids of up to max_jobs jobs that an action would change and that match a filter. Caller: change_jobs.
--   redrive, discard   dead jobs that nobody has dealt with
--   cancel             pending jobs, but for sync_like_count
--   edit               pending jobs that have not the wanted time and priority already
--   delete             ended jobs
-- filter is {"status", "job_type", "key", "text", "payload", "created_from", "created_until"}, each optional, with the
-- meanings that search_jobs gives them. What an action has changed does not match again, so that calls which repeat it come
-- to an end.
--
-- Each scan follows an index and ends when it has enough, so a filter by status, type, key and time costs what it finds. For
-- a text or a payload there is no index: all jobs of the status and the type are looked at, about a million a second. What
-- takes longer is refused, so that no change comes after its caller has given up. Within a type or a status the oldest
-- come first. Locks: none. Errors: 22023 it took too long.

-- matching_ended_jobs: one probe of the listing index for each type and status. Its columns are compared as a row: with
-- "=" for the first two the planner takes the primary key for the order, and walks it to the end for a pair that is rare.
create or replace function queue_private.matching_ended_jobs(
  action text, statuses public.job_status[], wanted_type public.job_type, error_contains text, payload_contains jsonb,
  from_id uuid, before_id uuid, max_jobs integer
) returns setof uuid
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  return query
    select oldest.job_id
    from unnest(enum_range(wanted_type, wanted_type)) as of_type (job_type)
    cross join unnest(statuses) as of_status (status)
    cross join lateral (
      select ended.job_id
      from public.job_history as ended
      where (ended.job_type, ended.status, ended.job_id) >= (of_type.job_type, of_status.status, from_id)
        and (ended.job_type, ended.status, ended.job_id) < (of_type.job_type, of_status.status, before_id)
        and (action = 'delete' or ended.redriven_as is null)
        and (error_contains is null or strpos(lower(ended.error_message), lower(error_contains)) > 0)
        and (payload_contains is null or ended.payload @> payload_contains)
      order by ended.job_type, ended.status, ended.job_id
      limit max_jobs
    ) as oldest
    limit max_jobs;
end
$$;
comment on function queue_private.matching_ended_jobs is 'Ended jobs that an action would change.';
revoke all on function queue_private.matching_ended_jobs from public, anon, authenticated;
grant execute on function queue_private.matching_ended_jobs to service_role;

-- matching_pending_jobs: those that wait for a retry have an index. Otherwise the due index has the jobs of each type
-- together. A range of up to 20,000 ids is walked instead, and so are all ids for a text or a payload without a type: they
-- are in the order of the table.
create or replace function queue_private.matching_pending_jobs(
  types public.job_type[], only_retries boolean, error_contains text, payload_contains jsonb,
  from_id uuid, before_id uuid, new_time timestamptz, new_priority integer, max_jobs integer
) returns setof uuid
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  is_edit constant boolean := num_nonnulls(new_time, new_priority) > 0;
  is_range constant boolean :=
    from_id > '00000000-0000-0000-0000-000000000000' or before_id < 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  is_walk boolean := cardinality(types) > 1 and num_nonnulls(error_contains, payload_contains) > 0;
begin
  if is_range and not is_walk then
    is_walk := not exists (
      select from public.background_jobs as job
      where job.id >= from_id and job.id < before_id
      order by job.id
      offset 20000
    );
  end if;
  if only_retries then
    return query
      select oldest.id
      from unnest(types) as of_type (job_type)
      cross join lateral (
        select job.id
        from public.background_jobs as job
        where job.job_type = of_type.job_type and job.status = 'pending' and job.attempts > 0
          and job.id >= from_id and job.id < before_id
          and (not is_edit or job.scheduled_for <> new_time or job.priority <> new_priority)
          and (error_contains is null or strpos(lower(job.error_message), lower(error_contains)) > 0)
          and (payload_contains is null or job.payload @> payload_contains)
        order by job.id
        limit max_jobs
      ) as oldest
      limit max_jobs;
  elsif is_walk then
    return query
      select job.id
      from public.background_jobs as job
      where job.id >= from_id and job.id < before_id and job.status = 'pending' and job.job_type = any (types)
        and (not is_edit or job.scheduled_for <> new_time or job.priority <> new_priority)
        and (error_contains is null or strpos(lower(job.error_message), lower(error_contains)) > 0)
        and (payload_contains is null or job.payload @> payload_contains)
      order by job.id
      limit max_jobs;
  else
    -- "is true" keeps the planner from walking the primary key for the range, to the end for a type that is rare.
    return query
      select first_due.id
      from unnest(types) as of_type (job_type)
      cross join lateral (
        select each.id
        from (
          select job.id, job.scheduled_for, job.priority, job.error_message, job.payload
          from public.background_jobs as job
          where job.job_type = of_type.job_type and job.status = 'pending' and not job.isolated
            and (job.id >= from_id and job.id < before_id) is true
          union all
          select job.id, job.scheduled_for, job.priority, job.error_message, job.payload
          from public.background_jobs as job
          where job.job_type = of_type.job_type and job.status = 'pending' and job.isolated
            and (job.id >= from_id and job.id < before_id) is true
        ) as each
        where (not is_edit or each.scheduled_for <> new_time or each.priority <> new_priority)
          and (error_contains is null or strpos(lower(each.error_message), lower(error_contains)) > 0)
          and (payload_contains is null or each.payload @> payload_contains)
        limit max_jobs
      ) as first_due
      limit max_jobs;
  end if;
end
$$;
comment on function queue_private.matching_pending_jobs is 'Pending jobs that an action would change.';
revoke all on function queue_private.matching_pending_jobs from public, anon, authenticated;
grant execute on function queue_private.matching_pending_jobs to service_role;

-- changeable_jobs: those of some ids that an action would change and that match the rest of a filter: of a selection, or
-- of a key.
create or replace function queue_private.changeable_jobs(
  action text, job_ids uuid[], filter jsonb, new_time timestamptz, new_priority integer, max_jobs integer
) returns setof uuid
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select job.id
    from public.find_jobs(job_ids) as job
    where case
        when action in ('redrive', 'discard') then job.status = 'dead' and job.redriven_as is null
        when action = 'cancel' then job.status = 'pending' and job.job_type <> 'sync_like_count'
        when action = 'edit' then
          job.status = 'pending' and (job.scheduled_for <> new_time or job.priority <> new_priority)
        else job.status in ('completed', 'dead', 'discarded', 'cancelled')
      end
      and (not filter ? 'status' or job.status::text = filter ->> 'status'
        or (filter ->> 'status' = 'failed' and job.attempts > 0))
      and (not filter ? 'job_type' or job.job_type::text = filter ->> 'job_type')
      and (not filter ? 'key' or job.idempotency_key = filter ->> 'key')
      and (not filter ? 'text' or strpos(lower(job.error_message), lower(filter ->> 'text')) > 0)
      and (not filter ? 'payload' or job.payload @> (filter -> 'payload'))
      and (not filter ? 'created_from'
        or job.id >= queue_private.first_job_id((filter ->> 'created_from')::timestamptz))
      and (not filter ? 'created_until'
        or job.id < queue_private.first_job_id((filter ->> 'created_until')::timestamptz))
    order by job.id
    limit max_jobs;
end
$$;
comment on function queue_private.changeable_jobs is 'Those of some jobs that an action would change.';
revoke all on function queue_private.changeable_jobs from public, anon, authenticated;
grant execute on function queue_private.changeable_jobs to service_role;

create or replace function queue_private.matching_jobs(
  action text, filter jsonb, new_time timestamptz, new_priority integer, max_jobs integer
) returns uuid[]
language plpgsql stable
set search_path = ''
as $$
declare
  wanted_status constant public.job_status := filter ->> 'status';
  wanted_type constant public.job_type := filter ->> 'job_type';
  from_id constant uuid := coalesce(
    queue_private.first_job_id((filter ->> 'created_from')::timestamptz), '00000000-0000-0000-0000-000000000000'
  );
  before_id constant uuid := coalesce(
    queue_private.first_job_id((filter ->> 'created_until')::timestamptz), 'ffffffff-ffff-ffff-ffff-ffffffffffff'
  );
  -- All types where there is no bound.
  types public.job_type[] := enum_range(wanted_type, wanted_type);
  found_ids uuid[];
begin
  if filter ? 'key' then
    found_ids := array(
      select queue_private.changeable_jobs(
        action, queue_private.job_ids_named(null, filter ->> 'key'), filter, new_time, new_priority, max_jobs
      )
    );
  elsif action in ('cancel', 'edit') then
    if action = 'cancel' then
      types := array_remove(types, 'sync_like_count');
    end if;
    found_ids := array(
      select queue_private.matching_pending_jobs(
        types, coalesce(wanted_status = 'failed', false), filter ->> 'text', filter -> 'payload', from_id, before_id,
        new_time, new_priority, max_jobs
      )
    );
  else
    found_ids := array(
      select queue_private.matching_ended_jobs(
        action,
        case
          when action <> 'delete' then array['dead']::public.job_status[]
          when wanted_status is not null then array[wanted_status]
          else array['completed', 'dead', 'discarded', 'cancelled']::public.job_status[]
        end,
        wanted_type, filter ->> 'text', filter -> 'payload', from_id, before_id, max_jobs
      )
    );
  end if;
  if clock_timestamp() > statement_timestamp() + interval '2.5 seconds' then
    raise exception 'too many jobs were looked at for the filter' using errcode = '22023';
  end if;
  return found_ids;
end
$$;
comment on function queue_private.matching_jobs is 'Jobs that an action would change and that match a filter.';
revoke all on function queue_private.matching_jobs from public, anon, authenticated;
grant execute on function queue_private.matching_jobs to service_role;
