-- enqueue_jobs: the same for an array of up to 1,000 objects, all or none. -> pending.
-- Locks: keys are taken in the order of the keys, so calls with the same keys in other orders wait
-- for one another but never in a circle. One bad element rejects the call and names its position.
create or replace function public.enqueue_jobs(jobs jsonb)
returns table ("position" integer, id uuid, created boolean, status public.job_status)
language plpgsql volatile
set search_path = ''
as $$
declare
  element record;
  current_position integer;
  ids uuid[];
  fresh boolean[];
  statuses public.job_status[];
  failure text;
  failure_detail text;
  enqueued record;
  known text[] := array[
    'job_type', 'payload', 'priority', 'scheduled_for', 'idempotency_key', 'max_attempts', 'dedupe_seconds'
  ];
begin
  if jobs is null or jsonb_typeof(jobs) <> 'array' then
    raise exception 'jobs must be an array' using errcode = '22023';
  end if;
  if jsonb_array_length(jobs) > 1000 then
    raise exception 'jobs must have at most 1000 elements, not %', jsonb_array_length(jobs)
      using errcode = '22023';
  end if;
  begin
    for element in
      select each.value as job, (each.ordinality - 1)::integer as position
      from jsonb_array_elements(jobs) with ordinality as each
      order by each.value ->> 'idempotency_key' collate "C" nulls first, each.ordinality
    loop
      current_position := element.position;
      if jsonb_typeof(element.job) <> 'object' then
        raise exception 'must be an object' using errcode = '22023';
      end if;
      if element.job - known <> '{}' then
        raise exception 'has the unknown key %',
          (select to_json(min(key)) from jsonb_object_keys(element.job - known) as key)
          using errcode = '22023';
      end if;
      if element.job ->> 'job_type' is null then
        raise exception 'job_type is missing' using errcode = '22023';
      end if;
      select * into enqueued from public.enqueue_job(
        job_type => (element.job ->> 'job_type')::public.job_type,
        payload => nullif(element.job -> 'payload', 'null'),
        priority => (element.job ->> 'priority')::integer,
        scheduled_for => (element.job ->> 'scheduled_for')::timestamptz,
        idempotency_key => element.job ->> 'idempotency_key',
        max_attempts => (element.job ->> 'max_attempts')::integer,
        dedupe_seconds => (element.job ->> 'dedupe_seconds')::integer
      );
      ids[current_position] := enqueued.id;
      fresh[current_position] := enqueued.created;
      statuses[current_position] := enqueued.status;
    end loop;
  exception when others then
    get stacked diagnostics failure = message_text, failure_detail = pg_exception_detail;
    raise exception 'jobs[%]: %', current_position, failure
      using errcode = sqlstate, detail = failure_detail;
  end;
  return query
    select at, ids[at], fresh[at], statuses[at]
    from generate_series(0, jsonb_array_length(jobs) - 1) as at;
end
$$;
comment on function public.enqueue_jobs is 'Add up to 1,000 jobs, all or none.';
revoke all on function public.enqueue_jobs from public, anon, authenticated;
grant execute on function public.enqueue_jobs to service_role;
