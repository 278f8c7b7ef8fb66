-- rescue_expired_jobs: take back the jobs whose lease ran out. processing -> pending, or dead.
-- Caller: the worker, at the start of a run.
-- The first lost lease isolates a job and gives its attempt back: a killed process takes every job that
-- it held along, and at most one of them is to blame. From then on it runs alone, a lost lease counts,
-- and at the last attempt the job is dead. But when the run in which it was claimed ended
-- normally, no worker was killed: the reply of the claim or of the settle was lost, and no job is to blame. Then the
-- attempt is given back and counted in deferrals, and isolated stays as it was.
-- Forgets the claims whose leases have ended.
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
  delete from queue_private.claims as claim
  where claim.lease_expires_at < moment - interval '1 minute' and claim.claim_id in (
    select old.claim_id from queue_private.claims as old
    where old.lease_expires_at < moment - interval '1 minute'
    order by old.lease_expires_at limit 1000 for update skip locked
  );
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
    with judged as materialized (
      select
        job.*,
        exists (
          select from public.worker_runs as run
          where run.worker_id = job.worker_id
            and run.started_at between job.started_at - interval '1 day' and job.started_at
            and run.finished_at >= job.started_at
        ) as is_innocent
      from public.background_jobs as job
      where job.id = any (expired)
    ), decided as materialized (
      select
        judged.*,
        not judged.is_innocent and judged.isolated and judged.attempts >= judged.max_attempts as is_dead,
        left(format(
          case when judged.is_innocent
            then 'lease expired: worker %s ended its run without settling attempt %s of %s'
            else 'lease expired: worker %s did not settle attempt %s of %s within the lease'
          end,
          judged.worker_id, judged.attempts, judged.max_attempts
        ), 2000) as reason
      from judged
    ), removed as (
      delete from public.background_jobs as job
      where job.id = any (array(select d.id from decided as d where d.is_dead))
    ), archived as (
      insert into public.job_history (
        job_id, job_type, payload, status, priority, attempts, max_attempts, error_message,
        duration_ms, waited_ms, idempotency_key, worker_id, created_at, completed_at, redrive_of, attempt_log
      )
      select
        d.id, d.job_type, d.payload, 'dead', d.priority, d.attempts, d.max_attempts,
        d.reason || ', alone and for the last time',
        greatest(0, extract(epoch from moment - d.started_at) * 1000)::bigint,
        greatest(0, extract(epoch from d.started_at - d.scheduled_for) * 1000)::bigint,
        d.idempotency_key, d.worker_id, d.created_at, moment, d.redrive_of,
        queue_private.log_attempt(d.attempt_log, 'lease expired', d.reason, d.worker_id, d.started_at, moment)
      from decided as d
      where d.is_dead
    ), kept as (
      update public.background_jobs as job
      set status = 'pending',
        attempts = job.attempts - (d.is_innocent or not d.isolated)::integer,
        deferrals = job.deferrals + d.is_innocent::integer,
        isolated = d.isolated or not d.is_innocent,
        scheduled_for = moment
          + queue_private.job_backoff(case when d.is_innocent then d.deferrals + 1 else d.attempts end),
        attempt_log = queue_private.log_attempt(
          d.attempt_log, 'lease expired', d.reason, d.worker_id, d.started_at, moment
        ),
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
