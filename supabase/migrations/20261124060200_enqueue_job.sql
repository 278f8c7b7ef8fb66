-- enqueue_job: add one job, or find the one that its idempotency key names. -> pending.
-- Caller: lib/queue, schedules, trusted services.
-- priority and max_attempts, when left out or null, are those of the type's policy, which also says which keys of a
-- payload are refused: see job_type_policies.sql.
-- Which jobs hold a key: see held_keys.sql. Locks: none but the unique index on the key. Safe to repeat: with a key, yes.
-- traceparent: whose work it is (docs/tracing.md). A job that is found keeps its own.
-- Errors: PT409 the key is held by a job of another type or payload; 23514 a limit; 22023 an argument.
-- squawk-ignore ban-drop-function
drop function if exists public.enqueue_job(public.job_type, jsonb, integer, timestamptz, text, integer, integer);
create or replace function public.enqueue_job(
  job_type public.job_type,
  payload jsonb default '{}',
  priority integer default null,
  scheduled_for timestamptz default null,
  idempotency_key text default null,
  max_attempts integer default null,
  dedupe_seconds integer default 86400,
  traceparent text default null
) returns table (id uuid, created boolean, status public.job_status)
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
  wanted jsonb := coalesce(enqueue_job.payload, '{}');
  new_id uuid;
  holder record;
begin
  if enqueue_job.dedupe_seconds < 0 then
    raise exception 'dedupe_seconds must not be negative' using errcode = '22023';
  end if;
  loop
    insert into public.background_jobs as job
      (job_type, payload, priority, scheduled_for, idempotency_key, max_attempts, traceparent, updated_at)
    select
      enqueue_job.job_type,
      case
        when jsonb_typeof(wanted) = 'object'
          and (wanted ?| policy.camel_case_keys or (policy.is_strict and wanted - policy.payload_keys <> '{}'))
        then queue_private.refuse_payload(enqueue_job.job_type, wanted)
        else wanted
      end,
      coalesce(enqueue_job.priority, policy.priority, 0),
      coalesce(enqueue_job.scheduled_for, moment),
      enqueue_job.idempotency_key,
      coalesce(enqueue_job.max_attempts, policy.max_attempts, 3),
      enqueue_job.traceparent,
      moment
    from (select) as one
    left join queue_private.job_type_policies as policy on policy.job_type = enqueue_job.job_type
    on conflict (idempotency_key) where idempotency_key is not null do nothing
    returning job.id into new_id;

    if new_id is not null then
      if enqueue_job.idempotency_key is not null then
        -- The history is read after the insert: a job that held the key until a moment ago is there now.
        select completed.* into holder
        from queue_private.completed_holder(enqueue_job.idempotency_key, enqueue_job.dedupe_seconds) as completed;
      end if;
      if enqueue_job.idempotency_key is null or not found then
        return query select new_id, true, 'pending'::public.job_status;
        return;
      end if;
      delete from public.background_jobs as job where job.id = new_id;
      exit;
    end if;

    select job.id, job.job_type, job.payload::jsonb as payload, job.status into holder
    from public.background_jobs as job
    where job.idempotency_key = enqueue_job.idempotency_key;
    exit when found;
    -- The holder ended between the two statements: its key is free, or in the history, now.
  end loop;

  if holder.job_type <> enqueue_job.job_type or holder.payload <> wanted then
    perform queue_private.refuse_held_key(enqueue_job.idempotency_key, holder.id);
  end if;
  return query select holder.id, false, holder.status;
end
$$;
comment on function public.enqueue_job is 'Add a job, or find the one that holds its idempotency key.';
revoke all on function public.enqueue_job from public, anon, authenticated;
grant execute on function public.enqueue_job to service_role;
