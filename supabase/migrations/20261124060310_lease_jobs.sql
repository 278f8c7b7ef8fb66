-- lease_jobs: give the jobs, whose rows the caller has locked, to a worker.
create or replace function queue_private.lease_jobs(job_ids uuid[], worker_id text, lease_seconds integer)
returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
begin
  return query
    with leased as (
      update public.background_jobs as job
      set status = 'processing',
        attempts = job.attempts + 1,
        claim_token = gen_random_uuid(),
        worker_id = lease_jobs.worker_id,
        started_at = moment,
        lease_expires_at = moment + make_interval(secs => lease_jobs.lease_seconds),
        updated_at = moment
      where job.id = any (job_ids)
      returning job.*
    )
    select leased.* from leased
    order by leased.priority desc, leased.scheduled_for, leased.id;
end
$$;
revoke all on function queue_private.lease_jobs from public, anon, authenticated;
grant execute on function queue_private.lease_jobs to service_role;
