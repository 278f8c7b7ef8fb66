-- Claiming: pending -> processing under a lease. Caller: the worker.
--
-- claim_jobs leases a batch, claim_next_job one job, claim_isolated_job one job that must run alone.
-- Locks: job rows, skip locked, so claims never wait. A rater's share lock on a sync job makes claims
-- skip that job until the rater's transaction has ended. Fence: each claim issues a new claim_token.
-- Safe to repeat: yes, each call leases other jobs.

-- squawk-ignore ban-drop-function
drop function if exists public.claim_jobs(text, integer, public.job_type[], integer);
create or replace function public.claim_jobs(
  worker_id text,
  max_jobs integer,
  job_types public.job_type[] default null,
  lease_seconds integer default 30,
  claim_id uuid default null
) returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  return query
    select claimed.*
    from queue_private.claim_batch(worker_id, max_jobs, job_types, lease_seconds, claim_id) as claimed
    order by claimed.priority desc, claimed.scheduled_for, claimed.id;
end
$$;
comment on function public.claim_jobs is 'Lease up to max_jobs due jobs.';
revoke all on function public.claim_jobs from public, anon, authenticated;
grant execute on function public.claim_jobs to service_role;

create or replace function public.claim_next_job(
  worker_id text, job_types public.job_type[] default null
) returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  return query select * from public.claim_jobs(worker_id, 1, job_types);
end
$$;
comment on function public.claim_next_job is 'Lease one due job.';
revoke all on function public.claim_next_job from public, anon, authenticated;
grant execute on function public.claim_next_job to service_role;

create or replace function public.claim_isolated_job(
  worker_id text,
  job_types public.job_type[] default null,
  lease_seconds integer default 30
) returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  types public.job_type[] := queue_private.claimable_job_types(job_types);
  picked tid[];
begin
  perform queue_private.check_claim(worker_id, 1, lease_seconds);
  picked := array(
    select job.ctid
    from public.background_jobs as job
    where job.status = 'pending' and job.isolated and job.scheduled_for <= clock_timestamp()
      and job.job_type = any (types)
    order by job.scheduled_for, job.id
    limit 1
    for update skip locked
  );
  if cardinality(picked) > 0 then
    return query select * from queue_private.lease_jobs(picked, worker_id, lease_seconds, clock_timestamp());
  end if;
end
$$;
comment on function public.claim_isolated_job is 'Lease one due job that must run alone.';
revoke all on function public.claim_isolated_job from public, anon, authenticated;
grant execute on function public.claim_isolated_job to service_role;
