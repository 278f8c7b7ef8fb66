-- job_schedules: jobs that recur. Caller: the worker, at the start of a run.
-- Cron expressions are parsed in Python, by a library; the database keeps when each is due, and makes
-- sure that a slot is enqueued once however many runs overlap. Slots that passed while no run came are
-- fired as one.

create table if not exists public.job_schedules (
  name text primary key,
  job_type public.job_type not null,
  payload queue_private.job_payload not null default '{}',
  cron_expression text not null,
  timezone text not null default 'UTC',
  priority integer not null default 0,
  max_attempts integer not null default 3,
  enabled boolean not null default true,
  next_run_at timestamptz,
  last_slot timestamptz,
  last_error text,
  updated_at timestamptz not null default now(),
  constraint job_schedules_name_is_short check (char_length(name) between 1 and 100),
  constraint job_schedules_payload_is_an_object check (jsonb_typeof(payload) = 'object'),
  constraint job_schedules_priority_0_to_10 check (priority between 0 and 10),
  constraint job_schedules_max_attempts_1_to_25 check (max_attempts between 1 and 25)
);
alter table public.job_schedules add column if not exists last_job_id uuid;
comment on column public.job_schedules.last_job_id is 'The job of the last slot: while it is pending no other is made.';
comment on table public.job_schedules is 'Recurring jobs. next_run_at null: to be planned by the next run.';
alter table public.job_schedules enable row level security;
revoke all on table public.job_schedules from public, anon, authenticated;
grant select, insert, update, delete on table public.job_schedules to service_role;

insert into public.job_schedules (name, job_type, payload, cron_expression) values
  ('recompute-rankings', 'recompute_rankings', '{}', '*/10 * * * *'),
  ('cleanup-expired', 'cleanup_expired', '{"older_than_days": 30}', '17 3 * * *'),
  ('audit-like-counts', 'audit_like_counts', '{}', '29 * * * *')
on conflict (name) do nothing;

-- plan_schedule_anew: before an update of a schedule. Another expression or time zone, or another state of enabled, makes
-- the planned slot meaningless: the next run plans from then on. So a schedule that was off for weeks does not fire the slot
-- that it had then. Whoever sets next_run_at in the same update means it. Locks: none but the row's.
create or replace function queue_private.plan_schedule_anew() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if (new.cron_expression, new.timezone, new.enabled)
      is distinct from (old.cron_expression, old.timezone, old.enabled)
  then
    new.last_error := null;
    if new.next_run_at is not distinct from old.next_run_at then
      new.next_run_at := null;
    end if;
  end if;
  return new;
end
$$;
comment on function queue_private.plan_schedule_anew is 'Forget the planned slot of a schedule that was changed.';
revoke all on function queue_private.plan_schedule_anew from public, anon, authenticated;
create or replace trigger job_schedules_plan_anew before update on public.job_schedules
  for each row execute function queue_private.plan_schedule_anew();

-- due_schedules: the enabled ones that are due or not planned yet, with the database's time.
create or replace function public.due_schedules()
returns table (
  name text, cron_expression text, timezone text, next_run_at timestamptz, now timestamptz
)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    select schedule.name, schedule.cron_expression, schedule.timezone, schedule.next_run_at,
      statement_timestamp()
    from public.job_schedules as schedule
    where schedule.enabled
      and (schedule.next_run_at is null or schedule.next_run_at <= statement_timestamp())
    order by schedule.name;
end
$$;
comment on function public.due_schedules is 'Schedules that are due, or not planned yet.';
revoke all on function public.due_schedules from public, anon, authenticated;
grant execute on function public.due_schedules to service_role;

-- fire_schedule: enqueue the slot and move on to next_run. slot is the next_run_at that the caller saw
-- (null plans a new schedule without enqueueing). Returns the job's id, null when nothing was enqueued:
-- another run was first, someone holds the row, or the job of an earlier slot still waits: its type may be paused for days,
-- and one waiting job does the work of all these slots. Locks: the schedule's row, skip locked. Fence: slot.
-- Safe to repeat: yes.
create or replace function public.fire_schedule(name text, slot timestamptz, next_run timestamptz)
returns uuid
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  schedule public.job_schedules;
  enqueued_id uuid;
begin
  -- An operator's open transaction holds back this schedule, and not the queue.
  perform from public.job_schedules as s where s.name = fire_schedule.name for update skip locked;
  if not found then
    return null;
  end if;
  update public.job_schedules as s
  set next_run_at = fire_schedule.next_run, last_slot = coalesce(fire_schedule.slot, s.last_slot),
    last_error = null, updated_at = now()
  where s.name = fire_schedule.name and s.enabled
    and s.next_run_at is not distinct from fire_schedule.slot
  returning s.* into schedule;
  if not found or fire_schedule.slot is null then
    return null;
  end if;
  perform from public.background_jobs as job where job.id = schedule.last_job_id and job.status = 'pending';
  if found then
    return null;
  end if;
  select enqueued.id into enqueued_id
  from public.enqueue_job(
    job_type => schedule.job_type,
    payload => schedule.payload,
    priority => schedule.priority,
    max_attempts => schedule.max_attempts,
    idempotency_key => format(
      'schedule:%s:%s', schedule.name,
      to_char(fire_schedule.slot at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    )
  ) as enqueued;
  update public.job_schedules as s set last_job_id = enqueued_id where s.name = fire_schedule.name;
  return enqueued_id;
end
$$;
comment on function public.fire_schedule is 'Enqueue a schedule''s due slot, once.';
revoke all on function public.fire_schedule from public, anon, authenticated;
grant execute on function public.fire_schedule to service_role;

-- fail_schedule: note that an expression or a time zone is not understood; it is tried again each run.
create or replace function public.fail_schedule(name text, error text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform from public.job_schedules as s where s.name = fail_schedule.name for update skip locked;
  if not found then
    return;
  end if;
  update public.job_schedules as s
  set last_error = left(fail_schedule.error, 2000), updated_at = now()
  where s.name = fail_schedule.name and s.last_error is distinct from left(fail_schedule.error, 2000);
end
$$;
comment on function public.fail_schedule is 'Keep why a schedule cannot be planned.';
revoke all on function public.fail_schedule from public, anon, authenticated;
grant execute on function public.fail_schedule to service_role;

-- schedule_stats: all schedules with their last and next slots, and whether the job of the last slot still waits; or the one
-- of a name. Caller: queue_stats, list_schedules, the functions of operators.
-- squawk-ignore ban-drop-function
drop function if exists queue_private.schedule_stats();
create or replace function queue_private.schedule_stats(wanted_name text default null) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'name', schedule.name,
      'job_type', schedule.job_type,
      'payload', schedule.payload,
      'cron_expression', schedule.cron_expression,
      'timezone', schedule.timezone,
      'priority', schedule.priority,
      'max_attempts', schedule.max_attempts,
      'enabled', schedule.enabled,
      'last_slot', schedule.last_slot,
      'next_run_at', schedule.next_run_at,
      'last_error', schedule.last_error,
      'last_job_id', schedule.last_job_id,
      'waiting', exists (
        select from public.background_jobs as job where job.id = schedule.last_job_id and job.status = 'pending'
      )
    ) order by schedule.name), '[]')
    from public.job_schedules as schedule
    where wanted_name is null or schedule.name = wanted_name
  );
end
$$;
comment on function queue_private.schedule_stats is 'The schedules, with their slots and errors.';
revoke all on function queue_private.schedule_stats from public, anon, authenticated;
grant execute on function queue_private.schedule_stats to service_role;
