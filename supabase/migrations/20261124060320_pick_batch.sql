-- pick_batch: lock the due jobs that a claim of max_jobs takes, and return where their rows are. Caller: claim_batch.
-- By priority, then the oldest; but at least a quarter of a batch, rounded up, are the oldest due whatever their priority,
-- and so is every fourth job that single claims hand out: nothing starves. Locks: job rows, skip locked.

-- Counts the jobs that single claims handed out: every fourth is the oldest.
create sequence if not exists queue_private.single_claims as bigint;
revoke all on sequence queue_private.single_claims from public, anon, authenticated;
grant usage on sequence queue_private.single_claims to service_role;

-- pick_from_streams: the same from streams that are known to have due jobs. Caller: pick_batch.
create or replace function queue_private.pick_from_streams(
  job_types public.job_type[], priorities integer[], begin_at timestamptz[], max_jobs integer, moment timestamptz
) returns tid[]
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  picked tid[] := '{}';
  level record;
begin
  if cardinality(job_types) = 1 then
    -- In one stream the oldest go first in any case.
    return queue_private.pick_due_jobs(job_types, priorities, begin_at, max_jobs, moment);
  end if;
  if max_jobs > 1 then
    picked := queue_private.pick_due_jobs(job_types, priorities, begin_at, ceil(max_jobs / 4.0)::integer, moment);
  end if;
  for level in
    select
      array_agg(stream.job_type) as types, array_agg(stream.priority) as priorities,
      array_agg(stream.begin_at) as begin_at
    from unnest(job_types, priorities, begin_at) as stream (job_type, priority, begin_at)
    group by stream.priority
    order by stream.priority desc
  loop
    exit when cardinality(picked) >= max_jobs;
    picked := picked || queue_private.pick_due_jobs(
      level.types, level.priorities, level.begin_at, max_jobs - cardinality(picked), moment, picked
    );
  end loop;
  return picked;
end
$$;
comment on function queue_private.pick_from_streams is 'Locks the due jobs of some streams that a claim takes.';
revoke all on function queue_private.pick_from_streams from public, anon, authenticated;
grant execute on function queue_private.pick_from_streams to service_role;

create or replace function queue_private.pick_batch(job_types public.job_type[], max_jobs integer)
returns tid[]
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  moment timestamptz := clock_timestamp();
  now_us bigint := extract(epoch from moment) * 1000000;
  marks bigint[] := queue_private.low_water_marks(now_us);
  numbers integer[];
  all_due timestamptz[];
  types public.job_type[];
  priorities integer[];
  first_due timestamptz[];
  picked tid[];
begin
  if max_jobs = 0 then
    return '{}';
  end if;
  loop
    select
      array_agg(stream.number), array_agg(stream.first_due),
      coalesce(array_agg(stream.job_type) filter (where stream.first_due is not null), '{}'),
      array_agg(stream.priority) filter (where stream.first_due is not null),
      array_agg(stream.first_due) filter (where stream.first_due is not null)
    into numbers, all_due, types, priorities, first_due
    from queue_private.due_streams(job_types, moment, marks) as stream;
    picked := case cardinality(types)
      when 0 then '{}'
      else queue_private.pick_from_streams(types, priorities, first_due, max_jobs, moment)
    end;
    if cardinality(picked) = max_jobs then
      perform queue_private.note_low_water(now_us, marks is null, numbers, all_due);
      exit;
    end if;
    -- Nothing more from the beginning on: then there are no marks to remember.
    perform set_config('queue_private.low_water', '', false);
    exit when marks is null;
    marks := null;
  end loop;
  -- The number is drawn only for a job that is handed out: empty calls must not use up the turns.
  if max_jobs = 1 and cardinality(picked) = 1 and nextval('queue_private.single_claims') % 4 = 0
    and cardinality(types) > 1
  then
    picked := queue_private.pick_due_jobs(types, priorities, first_due, 1, moment);
  end if;
  return picked;
end
$$;
comment on function queue_private.pick_batch is 'Locks the due jobs that a claim takes.';
revoke all on function queue_private.pick_batch from public, anon, authenticated;
grant execute on function queue_private.pick_batch to service_role;
