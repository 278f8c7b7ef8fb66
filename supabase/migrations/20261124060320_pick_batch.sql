-- pick_batch: lock the due jobs that a claim of max_jobs takes, and return where their rows are. Caller: claims.
-- By priority, then the oldest; but at least a quarter of a batch, rounded up, are the oldest due whatever their priority,
-- and so is every fourth job that single claims hand out: nothing starves. Locks: job rows, skip locked.

-- Counts the jobs that single claims handed out: every fourth is the oldest.
create sequence if not exists queue_private.single_claims as bigint;
revoke all on sequence queue_private.single_claims from public, anon, authenticated;
grant usage on sequence queue_private.single_claims to service_role;

create or replace function queue_private.pick_batch(job_types public.job_type[], max_jobs integer)
returns tid[]
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  moment timestamptz := clock_timestamp();
  types public.job_type[];
  priorities integer[];
  begin_at timestamptz[];
  picked tid[] := '{}';
  missing integer := max_jobs;
  level record;
begin
  select
    array_agg(stream.job_type), array_agg(stream.priority), array_agg(stream.first_due)
  into types, priorities, begin_at
  from queue_private.due_streams(job_types, moment) as stream;
  if types is null or max_jobs = 0 then
    return picked;
  end if;
  if max_jobs > 1 or cardinality(types) = 1 then
    -- In one stream the oldest go first in any case.
    missing := case when cardinality(types) = 1 then max_jobs else ceil(max_jobs / 4.0)::integer end;
    picked := queue_private.pick_due_jobs(types, priorities, begin_at, missing, moment);
    missing := case when cardinality(types) = 1 then 0 else max_jobs - cardinality(picked) end;
  end if;
  if missing > 0 then
    for level in
      select
        array_agg(stream.job_type) as types, array_agg(stream.priority) as priorities,
        array_agg(stream.begin_at) as begin_at
      from unnest(types, priorities, begin_at) as stream (job_type, priority, begin_at)
      group by stream.priority
      order by stream.priority desc
    loop
      picked := picked || queue_private.pick_due_jobs(
        level.types, level.priorities, level.begin_at, max_jobs - cardinality(picked), moment, picked
      );
      exit when cardinality(picked) >= max_jobs;
    end loop;
  end if;
  -- The number is drawn only for a job that is handed out: empty calls must not use up the turns.
  if max_jobs = 1 and cardinality(picked) = 1 and nextval('queue_private.single_claims') % 4 = 0
    and cardinality(types) > 1
  then
    picked := queue_private.pick_due_jobs(types, priorities, begin_at, 1, moment);
  end if;
  return picked;
end
$$;
comment on function queue_private.pick_batch is 'Locks the due jobs that a claim takes.';
revoke all on function queue_private.pick_batch from public, anon, authenticated;
grant execute on function queue_private.pick_batch to service_role;
