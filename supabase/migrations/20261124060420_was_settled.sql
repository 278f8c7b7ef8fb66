-- was_settled: did this token end the job, or settle it last? Caller: settle_jobs, for what it could not settle.
-- An active job remembers the token that settled it last; the history remembers the token that ended the job. Locks: none.
create or replace function queue_private.was_settled(job_id uuid, claim_token uuid) returns boolean
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return
    exists (
      select from public.job_history as ended
      where ended.job_id = was_settled.job_id and ended.claim_token = was_settled.claim_token
    )
    or exists (
      select from public.background_jobs as job
      where job.id = was_settled.job_id and job.settled_token = was_settled.claim_token
    );
end
$$;
comment on function queue_private.was_settled is 'Whether this token ended the job, or settled it last.';
revoke all on function queue_private.was_settled from public, anon, authenticated;
grant execute on function queue_private.was_settled to service_role;
