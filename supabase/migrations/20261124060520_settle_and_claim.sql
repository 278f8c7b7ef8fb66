-- settle_and_claim: settle one batch and lease the next in one round trip and one transaction. Caller: the worker.
-- Returns {"settled": [{id, answer}], "claimed": [what a worker reads of a job]}. json and not jsonb:
-- building jsonb took as long as all the rest.
-- Transitions, locks, fence: see settle_jobs and claim_batch. Safe to repeat: with a claim_id, yes.
-- squawk-ignore ban-drop-function
drop function if exists public.settle_and_claim(text, jsonb, integer, public.job_type[], integer);
create or replace function public.settle_and_claim(
  worker_id text,
  outcomes jsonb default '[]',
  max_jobs integer default 10,
  job_types public.job_type[] default null,
  lease_seconds integer default 30,
  claim_id uuid default null
) returns json
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  settled json;
  claimed json;
begin
  if outcomes <> '[]' then
    settled := (select json_agg(answered) from public.settle_jobs(worker_id, outcomes) as answered);
  end if;
  claimed := (
    select json_agg(job)
    from (
      select
        leased.id, leased.job_type, leased.payload, leased.priority, leased.attempts, leased.max_attempts,
        leased.claim_token, leased.scheduled_for, leased.lease_expires_at, leased.isolated,
        leased.idempotency_key, leased.redrive_of, leased.created_at, leased.traceparent
      from queue_private.claim_batch(worker_id, max_jobs, job_types, lease_seconds, claim_id) as leased
      order by leased.priority desc, leased.scheduled_for, leased.id
    ) as job
  );
  return json_build_object('settled', coalesce(settled, '[]'), 'claimed', coalesce(claimed, '[]'));
end
$$;
comment on function public.settle_and_claim is 'settle_jobs and claim_jobs in one transaction.';
revoke all on function public.settle_and_claim from public, anon, authenticated;
grant execute on function public.settle_and_claim to service_role;
