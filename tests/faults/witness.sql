-- What the fault tests see besides the queue's own tables, in a test's own database only.

-- One sequence for both tables, so that it can be told what came before what.
create sequence public.witnessed as bigint;

-- effects: what handlers did, each in a transaction of its own, as a handler's effects in the outside world are.
create table public.effects (
  id bigint primary key default nextval('public.witnessed'),
  job_id uuid not null,
  claim_token uuid not null,
  stage text not null
);

create function public.record_effect(job_id uuid, claim_token uuid, stage text) returns void
language sql volatile
set search_path = ''
as $$
  insert into public.effects (job_id, claim_token, stage)
  values (record_effect.job_id, record_effect.claim_token, record_effect.stage)
$$;

create function public.begun_before(of_job uuid, but uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (select from public.effects where job_id = of_job and claim_token <> but)
$$;

-- transitions: every change of a job's row, in the order in which it was made.
create table public.transitions (
  id bigint primary key default nextval('public.witnessed'),
  job_id uuid not null,
  was jsonb,
  became jsonb
);

create function public.record_transition() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  insert into public.transitions (job_id, was, became) values (
    coalesce(new.id, old.id),
    case when tg_op <> 'INSERT' then jsonb_build_object(
      'status', old.status, 'token', old.claim_token, 'attempts', old.attempts, 'isolated', old.isolated
    ) end,
    case when tg_op <> 'DELETE' then jsonb_build_object(
      'status', new.status, 'token', new.claim_token, 'attempts', new.attempts, 'isolated', new.isolated
    ) end
  );
  return null;
end
$$;

create trigger record_transition
after insert or update of status, claim_token, attempts, isolated or delete on public.background_jobs
for each row execute function public.record_transition();

grant usage on sequence public.witnessed to service_role;
grant select, insert on public.effects, public.transitions to service_role;
grant execute on function public.record_effect, public.begun_before to service_role;
-- Only the schedule that a scene makes.
update public.job_schedules set enabled = false;
