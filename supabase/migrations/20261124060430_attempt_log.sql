-- log_attempt: add one attempt to a job's attempt_log, which keeps the last 20. Caller: settle_jobs, rescue_expired_jobs,
-- for an attempt that did not complete. A job that completes at once has no log.
create or replace function queue_private.log_attempt(
  attempt_log jsonb, outcome text, error text, worker_id text, started_at timestamptz, ended_at timestamptz
) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return case
      when jsonb_array_length(attempt_log) >= 20 then attempt_log - 0
      else coalesce(attempt_log, '[]')
    end || jsonb_build_object(
      'outcome', outcome, 'error', left(error, 500), 'worker_id', worker_id,
      'started_at', started_at, 'ended_at', ended_at
    );
end
$$;
comment on function queue_private.log_attempt is 'Adds an attempt to the last 20 of a job.';
revoke all on function queue_private.log_attempt from public, anon, authenticated;
grant execute on function queue_private.log_attempt to service_role;
