-- redrive_jobs: run dead jobs again, as new jobs. dead -> a new pending job; the history row stays.
-- Caller: operators. job_ids are job_history.job_id. The key is not copied: a newer job may hold it.
-- A job that a rescue ended (no token did) is known to kill its worker: the new one starts isolated.
-- Locks: history rows, skip locked. Fence: redriven_as, so no job is redriven twice. Safe to repeat: yes.

-- lock_dead_jobs: up to max_jobs of the dead jobs that nobody has dealt with, the longest dead first, locked: those of
-- job_ids, of a type, or all. Caller: redrive_dead_jobs, discard_dead_jobs. Errors: 22023 an argument.
create or replace function queue_private.lock_dead_jobs(job_ids uuid[], job_type public.job_type, max_jobs integer)
returns setof public.job_history
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  if lock_dead_jobs.max_jobs is null or lock_dead_jobs.max_jobs not between 1 and 1000 then
    raise exception 'max_jobs must be from 1 to 1000' using errcode = '22023';
  elsif cardinality(lock_dead_jobs.job_ids) = 0 then
    -- "= any" of an empty array could be planned as a walk over any partial index.
    return;
  end if;
  if lock_dead_jobs.job_ids is not null then
    return query
      select ended.*
      from public.job_history as ended
      where ended.job_id = any (lock_dead_jobs.job_ids) and ended.status = 'dead' and ended.redriven_as is null
        and (lock_dead_jobs.job_type is null or ended.job_type = lock_dead_jobs.job_type)
      order by ended.completed_at, ended.job_id
      limit lock_dead_jobs.max_jobs
      for update skip locked;
  else
    return query
      select ended.*
      from public.job_history as ended
      where ended.status = 'dead' and ended.redriven_as is null
        and (lock_dead_jobs.job_type is null or ended.job_type = lock_dead_jobs.job_type)
      order by ended.completed_at, ended.job_id
      limit lock_dead_jobs.max_jobs
      for update skip locked;
  end if;
end
$$;
comment on function queue_private.lock_dead_jobs is 'Dead jobs that nobody has dealt with, locked.';
revoke all on function queue_private.lock_dead_jobs from public, anon, authenticated;
grant execute on function queue_private.lock_dead_jobs to service_role;

-- redrive_dead_jobs: returns the ids of the new jobs. Caller: redrive_jobs, change_jobs.
create or replace function queue_private.redrive_dead_jobs(job_ids uuid[], job_type public.job_type, max_jobs integer)
returns uuid[]
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  new_ids uuid[];
begin
  with chosen as materialized (
    select locked.*, queue_private.new_job_id() as new_id, locked.claim_token is null as is_killer
    from queue_private.lock_dead_jobs(
      redrive_dead_jobs.job_ids, redrive_dead_jobs.job_type, redrive_dead_jobs.max_jobs
    ) as locked
  ), marked as (
    update public.job_history as ended
    set redriven_as = chosen.new_id
    from chosen
    where ended.job_id = chosen.job_id
  ), added as (
    insert into public.background_jobs as job
      (id, job_type, payload, priority, max_attempts, redrive_of, isolated)
    select
      chosen.new_id, chosen.job_type, chosen.payload, chosen.priority, chosen.max_attempts, chosen.job_id,
      chosen.is_killer
    from chosen
    returning job.id
  )
  select coalesce(array_agg(added.id), '{}') into new_ids from added;
  return new_ids;
end
$$;
comment on function queue_private.redrive_dead_jobs is 'Enqueue dead jobs anew, each once.';
revoke all on function queue_private.redrive_dead_jobs from public, anon, authenticated;
grant execute on function queue_private.redrive_dead_jobs to service_role;

create or replace function public.redrive_jobs(
  job_ids uuid[] default null, job_type public.job_type default null, max_jobs integer default 1000
) returns setof uuid
language plpgsql volatile
set search_path = ''
as $$
declare
  new_ids constant uuid[] := queue_private.redrive_dead_jobs(
    redrive_jobs.job_ids, redrive_jobs.job_type, redrive_jobs.max_jobs
  );
begin
  perform queue_private.note_operator_action(
    null, 'redrive',
    jsonb_strip_nulls(jsonb_build_object('ids', to_jsonb(new_ids[1:100]), 'job_type', redrive_jobs.job_type)),
    cardinality(new_ids)
  );
  return query select unnest(new_ids);
end
$$;
comment on function public.redrive_jobs is 'Enqueue dead jobs anew, each once.';
revoke all on function public.redrive_jobs from public, anon, authenticated;
grant execute on function public.redrive_jobs to service_role;
