-- enqueue_jobs: enqueue_job for an array of up to 1,000 objects, all or none. -> pending. Caller: lib/queue, services.
-- Locks: see enqueue_set. Safe to repeat: as enqueue_job.
-- Errors: as enqueue_job; one bad element rejects the call and is named by its position.
create or replace function public.enqueue_jobs(jobs jsonb)
returns table ("position" integer, id uuid, created boolean, status public.job_status)
language plpgsql volatile
set search_path = ''
as $$
declare
  element record;
  failure text;
  failure_detail text;
  failure_state text;
begin
  if jobs is null or jsonb_typeof(jobs) <> 'array' then
    raise exception 'jobs must be an array' using errcode = '22023';
  elsif jsonb_array_length(jobs) > 1000 then
    raise exception 'jobs must have at most 1000 elements, not %', jsonb_array_length(jobs)
      using errcode = '22023';
  end if;
  begin
    return query select each.* from queue_private.enqueue_set(jobs) as each order by each.position;
    return;
  exception
    when deadlock_detected or lock_not_available or serialization_failure then
      raise;
    when others then
      get stacked diagnostics
        failure = message_text, failure_detail = pg_exception_detail, failure_state = returned_sqlstate;
  end;
  -- Which element was it? All was undone, and is tried again one by one, in the order of the keys.
  for element in
    select each.job, each.position - 1 as position
    from jsonb_array_elements(jobs) with ordinality as each (job, position)
    order by each.job ->> 'idempotency_key' collate "C" nulls first, each.position
  loop
    begin
      perform queue_private.enqueue_set(jsonb_build_array(element.job));
    exception when others then
      get stacked diagnostics failure = message_text, failure_detail = pg_exception_detail;
      raise exception 'jobs[%]: %', element.position, failure using errcode = sqlstate, detail = failure_detail;
    end;
  end loop;
  raise exception '%', failure using errcode = failure_state, detail = failure_detail;
end
$$;
comment on function public.enqueue_jobs is 'Add up to 1,000 jobs, all or none.';
revoke all on function public.enqueue_jobs from public, anon, authenticated;
grant execute on function public.enqueue_jobs to service_role;
