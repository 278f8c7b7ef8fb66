-- Cancelling: end pending jobs without running them. pending -> cancelled. Caller: operators.
--
-- Not while a job is being worked on, and not for sync_like_count: a rater whose transaction is still
-- open may have joined it. Locks: job rows in id order, skip locked. Safe to repeat: yes.

-- cancel_pending_jobs: returns the ids of those that were cancelled. Caller: cancel_jobs, cancel_job, change_jobs.
create or replace function queue_private.cancel_pending_jobs(job_ids uuid[]) returns uuid[]
language plpgsql volatile
set search_path = ''
as $$
declare
  picked uuid[];
begin
  picked := array(
    select job.id
    from public.background_jobs as job
    where job.id = any (job_ids) and job.status = 'pending' and job.job_type <> 'sync_like_count'
    order by job.id
    for update skip locked
  );
  -- Also because "= any" of an empty array could be planned as a walk over any partial index.
  if cardinality(picked) > 0 then
    with removed as (
      delete from public.background_jobs as job where job.id = any (picked) returning job.*
    )
    insert into public.job_history (
      job_id, job_type, payload, status, priority, attempts, max_attempts, error_message,
      idempotency_key, worker_id, created_at, completed_at, redrive_of, attempt_log
    )
    select
      r.id, r.job_type, r.payload, 'cancelled', r.priority, r.attempts, r.max_attempts, r.error_message,
      r.idempotency_key, r.worker_id, r.created_at, clock_timestamp(), r.redrive_of,
      r.attempt_log
    from removed as r;
  end if;
  return picked;
end
$$;
comment on function queue_private.cancel_pending_jobs is 'End pending jobs without running them.';
revoke all on function queue_private.cancel_pending_jobs from public, anon, authenticated;
grant execute on function queue_private.cancel_pending_jobs to service_role;

-- cancel_jobs: returns the ids of those that were cancelled.
create or replace function public.cancel_jobs(job_ids uuid[]) returns setof uuid
language plpgsql volatile
set search_path = ''
as $$
declare
  cancelled constant uuid[] := queue_private.cancel_pending_jobs(job_ids);
begin
  perform queue_private.note_operator_action(
    null, 'cancel', jsonb_build_object('ids', to_jsonb(cancelled[1:100])), cardinality(cancelled)
  );
  return query select unnest(cancelled);
end
$$;
comment on function public.cancel_jobs is 'End pending jobs without running them.';
revoke all on function public.cancel_jobs from public, anon, authenticated;
grant execute on function public.cancel_jobs to service_role;

-- cancel_job: one job. False when it was not cancelled.
create or replace function public.cancel_job(job_id uuid) returns boolean
language plpgsql volatile
set search_path = ''
as $$
begin
  return exists (select from public.cancel_jobs(array[cancel_job.job_id]));
end
$$;
comment on function public.cancel_job is 'End a pending job without running it.';
revoke all on function public.cancel_job from public, anon, authenticated;
grant execute on function public.cancel_job to service_role;
