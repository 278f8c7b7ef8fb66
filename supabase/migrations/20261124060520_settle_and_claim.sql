-- settle_and_claim: settle one batch and lease the next in one round trip and one transaction.
-- Returns {"settled": [{id, answer}], "claimed": [background_jobs rows]}.
create or replace function public.settle_and_claim(
  worker_id text,
  outcomes jsonb default '[]',
  max_jobs integer default 10,
  job_types public.job_type[] default null,
  lease_seconds integer default 30
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  settled jsonb;
  claimed jsonb;
begin
  perform queue_private.check_claim(worker_id, max_jobs, lease_seconds);
  settled := (
    select jsonb_agg(jsonb_build_object('id', s.id, 'answer', s.answer))
    from public.settle_jobs(worker_id, coalesce(outcomes, '[]')) as s
  );
  claimed := (
    select jsonb_agg(to_jsonb(c))
    from public.claim_jobs(worker_id, max_jobs, job_types, lease_seconds) as c
  );
  return jsonb_build_object(
    'settled', coalesce(settled, '[]'), 'claimed', coalesce(claimed, '[]')
  );
end
$$;
comment on function public.settle_and_claim is 'settle_jobs and claim_jobs in one transaction.';
revoke all on function public.settle_and_claim from public, anon, authenticated;
grant execute on function public.settle_and_claim to service_role;
