-- edit_pending_jobs: give pending jobs another time, another priority, or both. pending -> pending. Returns the ids of those
-- that were changed: one that has both already is not. Caller: change_jobs.
--
-- A time that has passed means now. updated_at is set, so a job that is due earlier than it was written is found by the
-- next claim (see low_water.sql). Locks: job rows in id order, skip locked: one that is claimed at this moment is left, and
-- so is a sync job that a rater joins. Safe to repeat: yes. Errors: 23514 a limit.
create or replace function queue_private.edit_pending_jobs(
  job_ids uuid[], scheduled_for timestamptz, priority integer
) returns uuid[]
language plpgsql volatile
set search_path = ''
as $$
declare
  picked constant uuid[] := array(
    select job.id
    from public.background_jobs as job
    where job.id = any (edit_pending_jobs.job_ids) and job.status = 'pending'
      and (
        job.scheduled_for <> edit_pending_jobs.scheduled_for or job.priority <> edit_pending_jobs.priority
      )
    order by job.id
    for update skip locked
  );
begin
  update public.background_jobs as job
  set scheduled_for = coalesce(edit_pending_jobs.scheduled_for, job.scheduled_for),
    priority = coalesce(edit_pending_jobs.priority, job.priority),
    updated_at = clock_timestamp()
  where job.id = any (picked);
  return picked;
end
$$;
comment on function queue_private.edit_pending_jobs is 'Give pending jobs another time or priority.';
revoke all on function queue_private.edit_pending_jobs from public, anon, authenticated;
grant execute on function queue_private.edit_pending_jobs to service_role;
