-- find_jobs: active and ended jobs by id, without their tokens. Caller: /api/queue/jobs, list_jobs. What somebody has written
-- into the tables directly, and readers cannot take, is made readable: one such row must not break a page of them.
-- Locks: none. Safe to repeat: yes.

-- job_state: a job as callers see it, whichever of the two tables it is in. A column of the other table is null.
do $$
begin
  if to_regtype('public.job_state') is null then
    create type public.job_state as (
      id uuid, job_type public.job_type, payload jsonb, status public.job_status, priority integer,
      attempts integer, max_attempts integer, scheduled_for timestamptz, started_at timestamptz,
      completed_at timestamptz, error_message text, result jsonb, duration_ms bigint,
      idempotency_key text, isolated boolean, redrive_of uuid, redriven_as uuid, created_at timestamptz,
      waited_ms bigint, deferrals integer, attempt_log jsonb
    );
  end if;
end
$$;
comment on type public.job_state is 'An active or ended job, without its claim token.';
revoke all on type public.job_state from public, anon, authenticated;
grant usage on type public.job_state to service_role;

create or replace function public.find_jobs(job_ids uuid[]) returns setof public.job_state
language plpgsql stable
set search_path = ''
as $$
begin
  if cardinality(job_ids) = 0 then
    -- "= any" of an empty array could be planned as a walk over any partial index.
    return;
  end if;
  return query
    select
      job.id, job.job_type, job.payload::jsonb, job.status, job.priority, job.attempts, job.max_attempts,
      job.scheduled_for, queue_private.readable_time(job.started_at), null::timestamptz, job.error_message, null::jsonb,
      null::bigint, job.idempotency_key, job.isolated, job.redrive_of, null::uuid, queue_private.readable_time(job.created_at),
      null::bigint, job.deferrals, queue_private.readable_attempts(job.attempt_log)
    from public.background_jobs as job
    where job.id = any (job_ids)
    union all
    select
      ended.job_id, ended.job_type, ended.payload::jsonb, ended.status, ended.priority, ended.attempts,
      ended.max_attempts, null::timestamptz, null::timestamptz,
      queue_private.readable_time(ended.completed_at),
      ended.error_message, queue_private.readable_json(ended.result), ended.duration_ms, ended.idempotency_key, null::boolean,
      ended.redrive_of, ended.redriven_as, queue_private.readable_time(ended.created_at), ended.waited_ms, null::integer, queue_private.readable_attempts(ended.attempt_log)
    from public.job_history as ended
    where ended.job_id = any (job_ids);
end
$$;
comment on function public.find_jobs is 'Active and ended jobs by id, without their tokens.';
revoke all on function public.find_jobs from public, anon, authenticated;
grant execute on function public.find_jobs to service_role;
