-- Idempotency keys: a key is held by an active job, and for dedupe_seconds by one that completed; a dead, discarded or
-- cancelled job frees it. Caller: enqueue_job, enqueue_jobs. Locks: none. Safe to repeat: yes.

-- completed_holder: the job with this key that completed last, if that was within dedupe_seconds.
create or replace function queue_private.completed_holder(idempotency_key text, dedupe_seconds integer)
returns table (id uuid, job_type public.job_type, payload jsonb, status public.job_status)
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  return query
    select ended.job_id, ended.job_type, ended.payload::jsonb, ended.status
    from public.job_history as ended
    where ended.idempotency_key = completed_holder.idempotency_key and ended.status = 'completed'
      and ended.completed_at
        > clock_timestamp() - make_interval(secs => coalesce(completed_holder.dedupe_seconds, 86400))
    order by ended.completed_at desc
    limit 1;
end
$$;
comment on function queue_private.completed_holder is 'The completed job that still holds a key.';
revoke all on function queue_private.completed_holder from public, anon, authenticated;
grant execute on function queue_private.completed_holder to service_role;

-- refuse_held_key: PT409, for a key that is held by a job of another type or payload.
create or replace function queue_private.refuse_held_key(idempotency_key text, holder_id uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  raise exception 'idempotency_key % is held by another job', to_json(idempotency_key)
    using errcode = 'PT409', detail = format('job %s has another job_type or payload', holder_id);
end
$$;
comment on function queue_private.refuse_held_key is 'Says that another job holds a key.';
revoke all on function queue_private.refuse_held_key from public, anon, authenticated;
grant execute on function queue_private.refuse_held_key to service_role;
