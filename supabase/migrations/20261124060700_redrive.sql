-- redrive_jobs: run dead jobs again, as new jobs. dead -> a new pending job; the history row stays.
-- Caller: operators. job_ids are job_history.job_id. The key is not copied: a newer job may hold it.
-- A job that a rescue ended (no token did) is known to kill its worker: the new one starts isolated.
-- Locks: history rows, skip locked. Fence: redriven_as, so no job is redriven twice. Safe to repeat: yes.
create or replace function public.redrive_jobs(
  job_ids uuid[] default null, job_type public.job_type default null, max_jobs integer default 1000
) returns setof uuid
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  if redrive_jobs.max_jobs is null or redrive_jobs.max_jobs not between 1 and 1000 then
    raise exception 'max_jobs must be from 1 to 1000' using errcode = '22023';
  end if;
  return query
    with locked as materialized (
      select ended.*
      from public.job_history as ended
      where ended.status = 'dead' and ended.redriven_as is null
        and (redrive_jobs.job_ids is null or ended.job_id = any (redrive_jobs.job_ids))
        and (redrive_jobs.job_type is null or ended.job_type = redrive_jobs.job_type)
      order by ended.completed_at, ended.job_id
      limit redrive_jobs.max_jobs
      for update skip locked
    ), chosen as materialized (
      select locked.*, queue_private.new_job_id() as new_id, locked.claim_token is null as is_killer from locked
    ), marked as (
      update public.job_history as ended
      set redriven_as = chosen.new_id
      from chosen
      where ended.job_id = chosen.job_id
    )
    insert into public.background_jobs as job
      (id, job_type, payload, priority, max_attempts, redrive_of, isolated)
    select
      chosen.new_id, chosen.job_type, chosen.payload, chosen.priority, chosen.max_attempts, chosen.job_id,
      chosen.is_killer
    from chosen
    returning job.id;
end
$$;
comment on function public.redrive_jobs is 'Enqueue dead jobs anew, each once.';
revoke all on function public.redrive_jobs from public, anon, authenticated;
grant execute on function public.redrive_jobs to service_role;
