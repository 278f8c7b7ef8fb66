-- cancel_job: end a pending job without running it. pending -> cancelled. Caller: operators.
-- False when there is no such job, when it is being worked on, and for sync_like_count: a rater whose
-- transaction is still open may have joined it. Locks: the job's row, skip locked. Safe to repeat: yes.
create or replace function public.cancel_job(job_id uuid) returns boolean
language plpgsql volatile
set search_path = ''
as $$
declare
  cancelled uuid;
begin
  select job.id into cancelled
  from public.background_jobs as job
  where job.id = cancel_job.job_id and job.status = 'pending' and job.job_type <> 'sync_like_count'
  for update skip locked;
  if not found then
    return false;
  end if;
  with removed as (
    delete from public.background_jobs as job where job.id = cancelled returning job.*
  )
  insert into public.job_history (
    job_id, job_type, payload, status, priority, attempts, max_attempts, error_message,
    idempotency_key, worker_id, created_at, completed_at, redrive_of
  )
  select
    r.id, r.job_type, r.payload, 'cancelled', r.priority, r.attempts, r.max_attempts, r.error_message,
    r.idempotency_key, r.worker_id, r.created_at, clock_timestamp(), r.redrive_of
  from removed as r;
  return true;
end
$$;
comment on function public.cancel_job is 'End a pending job without running it.';
revoke all on function public.cancel_job from public, anon, authenticated;
grant execute on function public.cancel_job to service_role;
