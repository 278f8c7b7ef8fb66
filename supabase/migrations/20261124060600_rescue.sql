-- rescue_expired_jobs: take back the jobs whose lease ran out. processing -> pending, or dead.
-- Caller: the worker, at the start of a run.
-- The first lost lease isolates a job and gives its attempt back: a killed process takes every job that
-- it held along, and at most one of them is to blame. From then on it runs alone, a lost lease counts,
-- and at the last attempt the job is dead.
-- Locks: job rows, skip locked. Fence: clears the token, so a late settle is stale. Safe to repeat: yes.
create or replace function public.rescue_expired_jobs(max_jobs integer default 100)
returns table (requeued integer, dead integer)
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
  expired uuid[];
begin
  expired := array(
    select job.id
    from public.background_jobs as job
    where job.status = 'processing' and job.lease_expires_at < moment
    order by job.lease_expires_at
    limit rescue_expired_jobs.max_jobs
    for update skip locked
  );
  if cardinality(expired) = 0 then
    -- Also because "= any" of an empty array could be planned as a walk over any partial index.
    return query select 0, 0;
    return;
  end if;
  return query
    with decided as materialized (
      select
        job.*,
        job.isolated and job.attempts >= job.max_attempts as is_dead,
        left(format(
          'lease expired: worker %s did not settle attempt %s of %s within the lease',
          job.worker_id, job.attempts, job.max_attempts
        ), 2000) as reason
      from public.background_jobs as job
      where job.id = any (expired)
    ), removed as (
      delete from public.background_jobs as job
      where job.id = any (array(select d.id from decided as d where d.is_dead))
    ), archived as (
      insert into public.job_history (
        job_id, job_type, payload, status, priority, attempts, max_attempts, error_message,
        duration_ms, waited_ms, idempotency_key, worker_id, created_at, completed_at, redrive_of
      )
      select
        d.id, d.job_type, d.payload, 'dead', d.priority, d.attempts, d.max_attempts,
        d.reason || ', alone and for the last time',
        greatest(0, extract(epoch from moment - d.started_at) * 1000)::bigint,
        greatest(0, extract(epoch from d.started_at - d.scheduled_for) * 1000)::bigint,
        d.idempotency_key, d.worker_id, d.created_at, moment, d.redrive_of
      from decided as d
      where d.is_dead
    ), kept as (
      update public.background_jobs as job
      set status = 'pending',
        attempts = job.attempts - (not d.isolated)::integer,
        isolated = true,
        scheduled_for = moment + queue_private.job_backoff(d.attempts),
        error_message = d.reason,
        failed_at = moment,
        claim_token = null,
        lease_expires_at = null,
        updated_at = moment
      from decided as d
      where job.id = d.id and not d.is_dead and job.id = any (expired)
    )
    select
      (count(*) filter (where not d.is_dead))::integer,
      (count(*) filter (where d.is_dead))::integer
    from decided as d;
end
$$;
comment on function public.rescue_expired_jobs is 'Requeue, or end, the jobs whose lease ran out.';
revoke all on function public.rescue_expired_jobs from public, anon, authenticated;
grant execute on function public.rescue_expired_jobs to service_role;
