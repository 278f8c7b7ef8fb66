-- delete_ended_jobs: remove ended jobs from the history; returns the ids of those that were there. Caller: change_jobs.
--
-- What else came from the row is gone with it: a completed job holds its idempotency key no longer, and a worker that
-- repeats a settle whose reply was lost is answered stale. The tallies keep counting it. Locks: history rows, skip locked.
-- Safe to repeat: yes.
create or replace function queue_private.delete_ended_jobs(job_ids uuid[]) returns uuid[]
language plpgsql volatile
set search_path = ''
as $$
declare
  picked constant uuid[] := array(
    select ended.job_id
    from public.job_history as ended
    where ended.job_id = any (job_ids)
    order by ended.job_id
    for update skip locked
  );
begin
  delete from public.job_history as ended where ended.job_id = any (picked);
  return picked;
end
$$;
comment on function queue_private.delete_ended_jobs is 'Remove ended jobs from the history.';
revoke all on function queue_private.delete_ended_jobs from public, anon, authenticated;
grant execute on function queue_private.delete_ended_jobs to service_role;
