-- claim_batch: lease up to max_jobs due jobs, or return those that an earlier call with this claim_id leased.
-- pending -> processing. Caller: claim_jobs, settle_and_claim.
-- Locks: job rows, skip locked; a claim_id, for which a repeated call waits until the first one has ended.
-- Fence: each claim issues a new claim_token. Safe to repeat: with a claim_id, yes. The reply of a claim may be lost. If the
-- repeated call leased another batch, the first batch would wait until its leases run out.

-- One row for each claim with an id, while its leases run. A batch has one worker, one beginning and one end of the lease,
-- so its jobs need not be listed.
create table if not exists queue_private.claims (
  claim_id uuid primary key,
  worker_id text not null,
  leased_at timestamptz not null,
  lease_expires_at timestamptz not null
);
comment on table queue_private.claims is 'The claims that may be repeated: what an id has leased.';
-- Serves rescue_expired_jobs, which forgets old claims.
create index if not exists claims_lease_expires_at_idx on queue_private.claims (lease_expires_at);
alter table queue_private.claims enable row level security;
revoke all on table queue_private.claims from public, anon, authenticated;
grant select, insert, update, delete on table queue_private.claims to service_role;

-- check_claim: refuse arguments that no claim can mean (22023).
create or replace function queue_private.check_claim(worker_id text, max_jobs integer, lease_seconds integer)
returns void
language plpgsql immutable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  if worker_id is null or char_length(worker_id) not between 1 and 255 then
    raise exception 'worker_id must have 1 to 255 characters' using errcode = '22023';
  elsif max_jobs is null or max_jobs not between 0 and 1000 then
    raise exception 'max_jobs must be from 0 to 1000' using errcode = '22023';
  elsif lease_seconds is null or lease_seconds not between 1 and 3600 then
    raise exception 'lease_seconds must be from 1 to 3600' using errcode = '22023';
  end if;
end
$$;
revoke all on function queue_private.check_claim from public, anon, authenticated;
grant execute on function queue_private.check_claim to service_role;


create or replace function queue_private.claim_batch(
  worker_id text, max_jobs integer, job_types public.job_type[], lease_seconds integer, claim_id uuid
) returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
  lease_ends timestamptz;
  first_call record;
  picked tid[];
begin
  perform queue_private.check_claim(worker_id, max_jobs, lease_seconds);
  if claim_id is not null then
    lease_ends := moment + make_interval(secs => lease_seconds);
    insert into queue_private.claims as claim (claim_id, worker_id, leased_at, lease_expires_at)
    values (claim_batch.claim_id, claim_batch.worker_id, moment, lease_ends)
    on conflict (claim_id) do nothing;
    if not found then
      select claim.* into first_call from queue_private.claims as claim where claim.claim_id = claim_batch.claim_id;
      if first_call.worker_id <> claim_batch.worker_id then
        raise exception 'claim_id % belongs to another worker', claim_id using errcode = '22023';
      end if;
      return query
        select job.*
        from public.background_jobs as job
        where job.status = 'processing' and job.lease_expires_at = first_call.lease_expires_at
          and job.worker_id = first_call.worker_id and job.started_at = first_call.leased_at;
      return;
    end if;
  end if;
  picked := queue_private.pick_batch(queue_private.claimable_job_types(job_types), max_jobs);
  if cardinality(picked) > 0 then
    return query select leased.* from queue_private.lease_jobs(picked, worker_id, lease_seconds, moment) as leased;
  end if;
end
$$;
comment on function queue_private.claim_batch is 'Leases due jobs, or returns what this claim_id leased.';
revoke all on function queue_private.claim_batch from public, anon, authenticated;
grant execute on function queue_private.claim_batch to service_role;
