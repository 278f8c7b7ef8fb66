-- complete_job, fail_job: settle_jobs for one job, under its token. Caller: operators, scripts.
-- Answers, locks, fence: see settle_jobs. Safe to repeat: yes.
create or replace function public.complete_job(job_id uuid, claim_token uuid, job_result jsonb default null)
returns text
language plpgsql volatile
set search_path = ''
as $$
begin
  return (
    select settled.answer
    from public.settle_jobs('', jsonb_build_array(jsonb_build_object(
      'id', complete_job.job_id, 'claim_token', complete_job.claim_token,
      'outcome', 'completed', 'result', complete_job.job_result
    ))) as settled
  );
end
$$;
comment on function public.complete_job is 'settle_jobs for one job that completed.';
revoke all on function public.complete_job from public, anon, authenticated;
grant execute on function public.complete_job to service_role;

create or replace function public.fail_job(
  job_id uuid, claim_token uuid, error_msg text, retryable boolean default true
) returns text
language plpgsql volatile
set search_path = ''
as $$
begin
  return (
    select settled.answer
    from public.settle_jobs('', jsonb_build_array(jsonb_build_object(
      'id', fail_job.job_id, 'claim_token', fail_job.claim_token, 'outcome', 'failed',
      'error', fail_job.error_msg, 'retryable', fail_job.retryable
    ))) as settled
  );
end
$$;
comment on function public.fail_job is 'settle_jobs for one job that failed.';
revoke all on function public.fail_job from public, anon, authenticated;
grant execute on function public.fail_job to service_role;
