-- What operators do with schedules. Caller: /api/admin/queue/schedules, the command line. The caller reads cron expressions,
-- by a library, so it says when a schedule runs next; see job_schedules.sql.
-- Each change is written down in operator_actions, in its transaction. Locks: the schedule's row, waited for, two seconds at
-- most: two clicks are one after the other. Safe to repeat: yes. Errors: PT404 there is no schedule of this name; 23514 a
-- limit; 55P03 the row stays locked.

-- list_schedules: {"now", "schedules"}, with the database's time, from which the next run is to be planned.
create or replace function public.list_schedules() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_build_object('now', statement_timestamp(), 'schedules', queue_private.schedule_stats());
end
$$;
comment on function public.list_schedules is 'The schedules, with their slots and errors.';
revoke all on function public.list_schedules from public, anon, authenticated;
grant execute on function public.list_schedules to service_role;

-- refuse_unknown_schedule: Caller: the functions below.
create or replace function queue_private.refuse_unknown_schedule(name text) returns void
language plpgsql immutable
set search_path = ''
as $$
begin
  raise exception 'name: there is no schedule %', to_json(refuse_unknown_schedule.name) using errcode = 'PT404';
end
$$;
comment on function queue_private.refuse_unknown_schedule is 'Say that there is no schedule of this name.';
revoke all on function queue_private.refuse_unknown_schedule from public, anon, authenticated;
grant execute on function queue_private.refuse_unknown_schedule to service_role;

-- change_schedule: changes has any of job_type, payload, cron_expression, timezone, priority, max_attempts and enabled.
-- next_run is when the schedule runs next if it is enabled and has planned_expression and planned_timezone then; another
-- operator may have changed it meanwhile, and then the next run plans it. What changes none of the three keeps its slot.
-- Returns {"changed": 0 or 1, "schedule": {...}}.
create or replace function public.change_schedule(
  operator text, action text, name text, changes jsonb, next_run timestamptz, planned_expression text,
  planned_timezone text
) returns jsonb
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  before public.job_schedules;
  wanted public.job_schedules;
begin
  select schedule.* into before
  from public.job_schedules as schedule where schedule.name = change_schedule.name for update;
  if not found then
    perform queue_private.refuse_unknown_schedule(change_schedule.name);
  end if;
  wanted := jsonb_populate_record(before, change_schedule.changes - array['name', 'next_run_at', 'last_slot', 'last_error']);
  if wanted is not distinct from before then
    return jsonb_build_object('changed', 0, 'schedule', queue_private.schedule_stats(before.name) -> 0);
  end if;
  update public.job_schedules as schedule
  set job_type = wanted.job_type, payload = wanted.payload, cron_expression = wanted.cron_expression,
    timezone = wanted.timezone, priority = wanted.priority, max_attempts = wanted.max_attempts,
    enabled = wanted.enabled, updated_at = now()
  where schedule.name = before.name;
  -- A statement of its own: plan_schedule_anew has forgotten the slot that was planned.
  update public.job_schedules as schedule
  set next_run_at = change_schedule.next_run
  where schedule.name = before.name and schedule.enabled and schedule.next_run_at is null
    and schedule.cron_expression = change_schedule.planned_expression
    and schedule.timezone = change_schedule.planned_timezone;
  perform queue_private.note_operator_action(
    change_schedule.operator, 'schedule.' || change_schedule.action,
    jsonb_build_object('name', before.name, 'before', differing.before, 'after', differing.after), 1
  )
  from (
    select jsonb_object_agg(each.key, old.value) as before, jsonb_object_agg(each.key, each.value) as after
    from jsonb_each(to_jsonb(wanted)) as each
    join jsonb_each(to_jsonb(before)) as old on old.key = each.key and old.value is distinct from each.value
  ) as differing;
  return jsonb_build_object('changed', 1, 'schedule', queue_private.schedule_stats(before.name) -> 0);
end
$$;
comment on function public.change_schedule is 'Change, enable or disable a schedule.';
revoke all on function public.change_schedule from public, anon, authenticated;
grant execute on function public.change_schedule to service_role;

-- create_schedule: errors: PT409 there is one of this name.
create or replace function public.create_schedule(
  operator text, name text, job_type public.job_type, payload jsonb, cron_expression text, timezone text,
  priority integer, max_attempts integer, next_run timestamptz
) returns jsonb
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_column
begin
  insert into public.job_schedules (
    name, job_type, payload, cron_expression, timezone, priority, max_attempts, next_run_at
  )
  values (
    create_schedule.name, create_schedule.job_type, create_schedule.payload, create_schedule.cron_expression,
    create_schedule.timezone, create_schedule.priority, create_schedule.max_attempts, create_schedule.next_run
  )
  on conflict do nothing;
  if not found then
    raise exception 'name: there is a schedule of this name' using errcode = 'PT409';
  end if;
  perform queue_private.note_operator_action(
    create_schedule.operator, 'schedule.create',
    jsonb_build_object('name', create_schedule.name, 'after', (
      select to_jsonb(schedule) from public.job_schedules as schedule where schedule.name = create_schedule.name
    )), 1
  );
  return jsonb_build_object('changed', 1, 'schedule', queue_private.schedule_stats(create_schedule.name) -> 0);
end
$$;
comment on function public.create_schedule is 'Add a schedule.';
revoke all on function public.create_schedule from public, anon, authenticated;
grant execute on function public.create_schedule to service_role;

-- delete_schedule: its job that still waits stays. Returns true.
create or replace function public.delete_schedule(operator text, name text) returns boolean
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  deleted public.job_schedules;
begin
  delete from public.job_schedules as schedule where schedule.name = delete_schedule.name returning schedule.* into deleted;
  if not found then
    perform queue_private.refuse_unknown_schedule(delete_schedule.name);
  end if;
  perform queue_private.note_operator_action(
    delete_schedule.operator, 'schedule.delete',
    jsonb_build_object('name', deleted.name, 'before', to_jsonb(deleted)), 1
  );
  return true;
end
$$;
comment on function public.delete_schedule is 'Remove a schedule.';
revoke all on function public.delete_schedule from public, anon, authenticated;
grant execute on function public.delete_schedule to service_role;

-- run_schedule: enqueue its job now, besides its slots, which stay as they are. While the job of the last slot or of an
-- earlier click waits or runs, no other is made, and that one's id is returned. Also for a schedule that is disabled.
-- Returns {"changed", "job_id", "schedule"}.
create or replace function public.run_schedule(operator text, name text) returns jsonb
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
declare
  schedule public.job_schedules;
  new_id uuid;
begin
  select each.* into schedule from public.job_schedules as each where each.name = run_schedule.name for update;
  if not found then
    perform queue_private.refuse_unknown_schedule(run_schedule.name);
  end if;
  if not exists (select from public.background_jobs as job where job.id = schedule.last_job_id) then
    select enqueued.id into new_id
    from public.enqueue_job(
      job_type => schedule.job_type, payload => schedule.payload, priority => schedule.priority,
      max_attempts => schedule.max_attempts
    ) as enqueued;
    update public.job_schedules as each set last_job_id = new_id where each.name = schedule.name;
    perform queue_private.note_operator_action(
      run_schedule.operator, 'schedule.run', jsonb_build_object('name', schedule.name, 'ids', jsonb_build_array(new_id)), 1
    );
  end if;
  return jsonb_build_object(
    'changed', num_nonnulls(new_id), 'job_id', coalesce(new_id, schedule.last_job_id),
    'schedule', queue_private.schedule_stats(schedule.name) -> 0
  );
end
$$;
comment on function public.run_schedule is 'Enqueue a schedule''s job now.';
revoke all on function public.run_schedule from public, anon, authenticated;
grant execute on function public.run_schedule to service_role;
