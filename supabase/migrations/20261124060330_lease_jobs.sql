-- lease_jobs: give jobs, whose rows the caller has locked in this transaction, to a worker. pending -> processing.
-- Caller: claims. Fence: each job gets a new claim_token. Safe to repeat: no, the rows must be locked and pending.
create or replace function queue_private.lease_jobs(
  places tid[], worker_id text, lease_seconds integer, moment timestamptz
) returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  return query
    update public.background_jobs as job
    set status = 'processing',
      attempts = job.attempts + 1,
      claim_token = gen_random_uuid(),
      worker_id = lease_jobs.worker_id,
      started_at = moment,
      lease_expires_at = moment + make_interval(secs => lease_jobs.lease_seconds),
      updated_at = moment
    where job.ctid = any (places)
    returning job.*;
end
$$;
comment on function queue_private.lease_jobs is 'Leases the jobs whose rows the caller has locked.';
revoke all on function queue_private.lease_jobs from public, anon, authenticated;
grant execute on function queue_private.lease_jobs to service_role;
