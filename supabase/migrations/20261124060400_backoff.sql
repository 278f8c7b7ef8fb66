-- job_backoff: how long a job waits after its attempts-th attempt failed.
-- min(3600, 10 * 2^(attempts - 1)) seconds, times a random factor in [0.5, 1): "equal jitter"
-- (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015). The exponent is bounded
-- before the power is taken, so no number of attempts overflows.
create or replace function queue_private.job_backoff(attempts integer) returns interval
language plpgsql volatile
set search_path = ''
as $$
begin
  return make_interval(
    secs => least(3600, 10 * 2 ^ (least(greatest(coalesce(attempts, 1), 1), 20) - 1))
      * (0.5 + random() / 2)
  );
end
$$;
comment on function queue_private.job_backoff is 'The wait before the next attempt, with jitter.';
revoke all on function queue_private.job_backoff from public, anon, authenticated;
grant execute on function queue_private.job_backoff to service_role;
