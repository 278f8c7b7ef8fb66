-- enqueue_set: add jobs, given as jsonb objects, in one statement. Those whose keys are held are found instead.
-- -> pending. Caller: enqueue_jobs. Errors: as enqueue_job, and 22023 for an element that is no job.
-- Locks: keys are taken in the order of the keys, so calls with the same keys in other orders wait for one another but
-- never in a circle. Jobs whose keys another call frees or takes at this very moment are left over and enqueued one by
-- one. The keys of the payloads are looked at in the same statement: see payload_keys.sql.

-- check_elements: refuse an element that is not a job. Wrong values are found later, when they are read.
create or replace function queue_private.check_elements(jobs jsonb) returns void
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  known text[] := array[
    'job_type', 'payload', 'priority', 'scheduled_for', 'idempotency_key', 'max_attempts', 'dedupe_seconds',
    'traceparent'
  ];
  bad jsonb;
begin
  select each.job into bad
  from jsonb_array_elements(jobs) as each (job)
  where case jsonb_typeof(each.job)
    when 'object' then
      each.job ->> 'job_type' is null or each.job - known <> '{}' or (each.job ->> 'dedupe_seconds')::integer < 0
    else true
  end
  limit 1;
  if not found then
    return;
  elsif jsonb_typeof(bad) <> 'object' then
    raise exception 'must be an object' using errcode = '22023';
  elsif bad - known <> '{}' then
    raise exception 'has the unknown key %', (select to_json(min(key)) from jsonb_object_keys(bad - known) as key)
      using errcode = '22023';
  elsif bad ->> 'job_type' is null then
    raise exception 'job_type is missing' using errcode = '22023';
  end if;
  raise exception 'dedupe_seconds must not be negative' using errcode = '22023';
end
$$;
comment on function queue_private.check_elements is 'Refuses elements that are no job.';
revoke all on function queue_private.check_elements from public, anon, authenticated;
grant execute on function queue_private.check_elements to service_role;

-- enqueue_element: enqueue_job for one element.
create or replace function queue_private.enqueue_element(job jsonb)
returns table (id uuid, created boolean, status public.job_status)
language plpgsql volatile
set search_path = ''
as $$
begin
  return query
    select enqueued.*
    from public.enqueue_job(
      job_type => (job ->> 'job_type')::public.job_type,
      payload => nullif(job -> 'payload', 'null'),
      priority => (job ->> 'priority')::integer,
      scheduled_for => (job ->> 'scheduled_for')::timestamptz,
      idempotency_key => job ->> 'idempotency_key',
      max_attempts => (job ->> 'max_attempts')::integer,
      dedupe_seconds => (job ->> 'dedupe_seconds')::integer,
      traceparent => job ->> 'traceparent'
    ) as enqueued;
end
$$;
comment on function queue_private.enqueue_element is 'Enqueues one element of an array of jobs.';
revoke all on function queue_private.enqueue_element from public, anon, authenticated;
grant execute on function queue_private.enqueue_element to service_role;

create or replace function queue_private.enqueue_set(jobs jsonb)
returns table ("position" integer, id uuid, created boolean, status public.job_status)
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
  now_us bigint := extract(epoch from moment) * 1000000;
  -- Of all jobs, in the order of the array.
  new_ids uuid[];
  is_added boolean[];
  is_keyed boolean;
  -- The active jobs that hold keys, and what is left to be enqueued one by one.
  found_at integer[];
  found_ids uuid[];
  statuses public.job_status[];
  left_over integer[] := '{}';
begin
  perform queue_private.check_elements(jobs);
  with asked as materialized (
    select
      each.position,
      -- As new_job_id, each a microsecond later: the order of the array is the order of the jobs.
      (
        lpad(to_hex(
          ((now_us + each.position) / 1000 << 16) | x'7000'::bigint | ((now_us + each.position) % 1000 * 4096 / 1000)
        ), 16, '0') || right(gen_random_uuid()::text, 17)
      )::uuid as id,
      each.job,
      each.job ->> 'idempotency_key' as idempotency_key
    from jsonb_array_elements(jobs) with ordinality as each (job, position)
  ), added as (
    insert into public.background_jobs as job (
      id, job_type, payload, priority, scheduled_for, idempotency_key, max_attempts, traceparent, updated_at
    )
    select
      asked.id,
      given.job_type,
      case
        when jsonb_typeof(given.payload) = 'object'
          and (given.payload ?| policy.camel_case_keys or (policy.is_strict and given.payload - policy.payload_keys <> '{}'))
        then queue_private.refuse_payload(given.job_type, given.payload)
        else given.payload
      end,
      coalesce((asked.job ->> 'priority')::integer, policy.priority, 0),
      coalesce((asked.job ->> 'scheduled_for')::timestamptz, moment),
      asked.idempotency_key,
      coalesce((asked.job ->> 'max_attempts')::integer, policy.max_attempts, 3),
      asked.job ->> 'traceparent',
      moment
    from asked
    cross join lateral (
      select
        (asked.job ->> 'job_type')::public.job_type as job_type,
        coalesce(nullif(asked.job -> 'payload', 'null'), '{}') as payload
      offset 0
    ) as given
    left join queue_private.job_type_policies as policy on policy.job_type = given.job_type
    order by asked.idempotency_key collate "C" nulls first, asked.position
    on conflict (idempotency_key) where idempotency_key is not null do nothing
    returning job.id
  )
  select
    array_agg(asked.id order by asked.position), array_agg(added.id is not null order by asked.position),
    bool_or(asked.idempotency_key is not null)
  into new_ids, is_added, is_keyed
  from asked
  left join added on added.id = asked.id;

  if is_keyed then
    -- A key that a completed job holds. The history is read after the insert: a job that held the key until a moment ago
    -- is there now.
    left_over := array(
      select at.position
      from generate_subscripts(is_added, 1) as at (position)
      cross join lateral (select jobs -> (at.position - 1) as job) as asked
      where is_added[at.position] and asked.job ->> 'idempotency_key' is not null and exists (
        select from public.job_history as ended
        where ended.idempotency_key = asked.job ->> 'idempotency_key' and ended.status = 'completed'
          and ended.completed_at > clock_timestamp()
            - make_interval(secs => coalesce((asked.job ->> 'dedupe_seconds')::integer, 86400))
      )
    );
    delete from public.background_jobs as job
    where job.id = any (array(select new_ids[held.position] from unnest(left_over) as held (position)));
    -- A key that an active job holds, which is the same job.
    select array_agg(at.position), array_agg(holder.id), array_agg(holder.status) into found_at, found_ids, statuses
    from generate_subscripts(is_added, 1) as at (position)
    cross join lateral (select jobs -> (at.position - 1) as job) as asked
    join public.background_jobs as holder on holder.idempotency_key = asked.job ->> 'idempotency_key'
    where not is_added[at.position] and holder.job_type = (asked.job ->> 'job_type')::public.job_type
      and holder.payload = coalesce(nullif(asked.job -> 'payload', 'null'), '{}');
    return query
      select each.position - 1, each.id, false, each.status
      from unnest(found_at, found_ids, statuses) as each (position, id, status);
    left_over := left_over || array(
      select at.position from generate_subscripts(is_added, 1) as at (position)
      where not is_added[at.position] and at.position not in (select unnest(found_at))
    );
    return query
      select rest.position - 1, enqueued.*
      from (
        select each.position, jobs -> (each.position - 1) as job
        from unnest(left_over) as each (position)
        order by jobs -> (each.position - 1) ->> 'idempotency_key' collate "C", each.position
      ) as rest
      cross join lateral queue_private.enqueue_element(rest.job) as enqueued;
  end if;
  return query
    select at.position - 1, new_ids[at.position], true, 'pending'::public.job_status
    from generate_subscripts(is_added, 1) as at (position)
    where is_added[at.position] and at.position not in (select unnest(left_over));
end
$$;
comment on function queue_private.enqueue_set is 'Adds jobs in one statement, or finds those that hold their keys.';
revoke all on function queue_private.enqueue_set from public, anon, authenticated;
grant execute on function queue_private.enqueue_set to service_role;
