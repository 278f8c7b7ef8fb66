-- discard_jobs: an operator has seen dead jobs and will not run them again. dead -> discarded, in job_history.
-- Caller: operators. By ids (job_history.job_id), by type, or all; returns the ids of those that were discarded, the
-- longest dead first. Jobs that were redriven are left: the new job has taken their place. The error stays as the reason.
-- Locks: history rows, skip locked. Safe to repeat: yes.
create or replace function public.discard_jobs(
  job_ids uuid[] default null, job_type public.job_type default null, max_jobs integer default 1000
) returns setof uuid
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  if discard_jobs.max_jobs is null or discard_jobs.max_jobs not between 1 and 1000 then
    raise exception 'max_jobs must be from 1 to 1000' using errcode = '22023';
  end if;
  return query
    update public.job_history as ended
    set status = 'discarded'
    where ended.job_id = any (array(
      select dead.job_id
      from public.job_history as dead
      where dead.status = 'dead' and dead.redriven_as is null
        and (discard_jobs.job_ids is null or dead.job_id = any (discard_jobs.job_ids))
        and (discard_jobs.job_type is null or dead.job_type = discard_jobs.job_type)
      order by dead.completed_at, dead.job_id
      limit discard_jobs.max_jobs
      for update skip locked
    ))
    returning ended.job_id;
end
$$;
comment on function public.discard_jobs is 'Take dead jobs off the list of what needs an operator.';
revoke all on function public.discard_jobs from public, anon, authenticated;
grant execute on function public.discard_jobs to service_role;
