-- Pausing: stop and start the claiming of one job type. Caller: operators.
-- Jobs of a paused type are enqueued and wait; those already claimed run to their end.
-- Locks: the type's row here. Safe to repeat: yes; the answer is true when something changed.
create table if not exists queue_private.paused_job_types (
  job_type public.job_type primary key,
  paused_at timestamptz not null default now()
);
comment on table queue_private.paused_job_types is 'The job types that are not claimed for the time being.';
alter table queue_private.paused_job_types enable row level security;
revoke all on table queue_private.paused_job_types from public, anon, authenticated;
grant select, insert, delete on table queue_private.paused_job_types to service_role;

-- set_type_paused: pause or resume a type, and write down who did. operator null: see note_operator_action.
create or replace function queue_private.set_type_paused(operator text, job_type public.job_type, paused boolean)
returns boolean
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  changed boolean;
begin
  if set_type_paused.paused then
    insert into queue_private.paused_job_types (job_type) values (set_type_paused.job_type) on conflict do nothing;
  else
    delete from queue_private.paused_job_types as each where each.job_type = set_type_paused.job_type;
  end if;
  changed := found;
  perform queue_private.note_operator_action(
    set_type_paused.operator, case when set_type_paused.paused then 'pause' else 'resume' end,
    jsonb_build_object('job_type', set_type_paused.job_type), changed::integer
  );
  return changed;
end
$$;
comment on function queue_private.set_type_paused is 'Pause or resume a job type.';
revoke all on function queue_private.set_type_paused from public, anon, authenticated;
grant execute on function queue_private.set_type_paused to service_role;

create or replace function public.pause_job_type(job_type public.job_type) returns boolean
language plpgsql volatile
set search_path = ''
as $$
begin
  return queue_private.set_type_paused(null, pause_job_type.job_type, true);
end
$$;
comment on function public.pause_job_type is 'Stop claiming jobs of this type.';
revoke all on function public.pause_job_type from public, anon, authenticated;
grant execute on function public.pause_job_type to service_role;

create or replace function public.resume_job_type(job_type public.job_type) returns boolean
language plpgsql volatile
set search_path = ''
as $$
begin
  return queue_private.set_type_paused(null, resume_job_type.job_type, false);
end
$$;
comment on function public.resume_job_type is 'Claim jobs of this type again.';
revoke all on function public.resume_job_type from public, anon, authenticated;
grant execute on function public.resume_job_type to service_role;

-- change_job_type: the same by a named operator. Caller: /api/admin/queue/jobs. Errors: 22023 an argument.
create or replace function public.change_job_type(operator text, action text, job_type public.job_type) returns boolean
language plpgsql volatile
set search_path = ''
as $$
begin
  if change_job_type.action not in ('pause', 'resume') then
    raise exception 'action must be pause or resume' using errcode = '22023';
  end if;
  return queue_private.set_type_paused(
    change_job_type.operator, change_job_type.job_type, change_job_type.action = 'pause'
  );
end
$$;
comment on function public.change_job_type is 'Pause or resume a job type, by a named operator.';
revoke all on function public.change_job_type from public, anon, authenticated;
grant execute on function public.change_job_type to service_role;

-- claimable_job_types: the types asked for (all when null) less the paused ones. Caller: every claim, health, stats.
-- plpgsql, as all that a claim calls: Postgres 17 plans the body of an sql function anew in each call, here 0.13 ms.
create or replace function queue_private.claimable_job_types(job_types public.job_type[])
returns public.job_type[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select distinct wanted.job_type
    from unnest(coalesce(job_types, enum_range(null::public.job_type))) as wanted (job_type)
    where not exists (
      select from queue_private.paused_job_types as paused where paused.job_type = wanted.job_type
    )
  );
end
$$;
comment on function queue_private.claimable_job_types is 'The types asked for, or all, less the paused ones.';
revoke all on function queue_private.claimable_job_types from public, anon, authenticated;
grant execute on function queue_private.claimable_job_types to service_role;
