-- discard_jobs: an operator has seen dead jobs and will not run them again. dead -> discarded, in job_history.
-- Caller: operators. By ids (job_history.job_id), by type, or all; returns the ids of those that were discarded, the
-- longest dead first. Jobs that were redriven are left: the new job has taken their place. The error stays as the reason.
-- Locks: history rows, skip locked. Safe to repeat: yes.

-- discard_dead_jobs: returns the ids of those that were discarded. Caller: discard_jobs, change_jobs.
create or replace function queue_private.discard_dead_jobs(job_ids uuid[], job_type public.job_type, max_jobs integer)
returns uuid[]
language plpgsql volatile
set search_path = ''
as $$
declare
  picked constant uuid[] := array(
    select locked.job_id
    from queue_private.lock_dead_jobs(
      discard_dead_jobs.job_ids, discard_dead_jobs.job_type, discard_dead_jobs.max_jobs
    ) as locked
  );
begin
  update public.job_history as ended set status = 'discarded' where ended.job_id = any (picked);
  return picked;
end
$$;
comment on function queue_private.discard_dead_jobs is 'Take dead jobs off the list of what needs an operator.';
revoke all on function queue_private.discard_dead_jobs from public, anon, authenticated;
grant execute on function queue_private.discard_dead_jobs to service_role;

create or replace function public.discard_jobs(
  job_ids uuid[] default null, job_type public.job_type default null, max_jobs integer default 1000
) returns setof uuid
language plpgsql volatile
set search_path = ''
as $$
declare
  discarded constant uuid[] := queue_private.discard_dead_jobs(
    discard_jobs.job_ids, discard_jobs.job_type, discard_jobs.max_jobs
  );
begin
  perform queue_private.note_operator_action(
    null, 'discard',
    jsonb_strip_nulls(jsonb_build_object('ids', to_jsonb(discarded[1:100]), 'job_type', discard_jobs.job_type)),
    cardinality(discarded)
  );
  return query select unnest(discarded);
end
$$;
comment on function public.discard_jobs is 'Take dead jobs off the list of what needs an operator.';
revoke all on function public.discard_jobs from public, anon, authenticated;
grant execute on function public.discard_jobs to service_role;
