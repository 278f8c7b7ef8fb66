-- Settling: processing -> completed, dead or discarded (job_history), or back to pending (fail, snooze,
-- release). Caller: the worker.
--
-- Fence: the job's current claim_token. A settle without it changes nothing and is answered
--   settled  the outcome was applied now;
--   already  this token settled the job before: the reply to that call was lost;
--   stale    the lease went to someone else, or there is no such job.
-- Locks: the rows whose token fits, in id order, so a call that is repeated while the first one still
-- runs waits for it. Safe to repeat: yes.

create or replace function public.settle_jobs(worker_id text, outcomes jsonb)
returns table (id uuid, answer text)
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
  ids uuid[];
  tokens uuid[];
begin
  perform queue_private.check_outcomes(outcomes);
  select array_agg((o ->> 'id')::uuid), array_agg((o ->> 'claim_token')::uuid) into ids, tokens
  from jsonb_array_elements(outcomes) as o;

  -- Only rows under one of these tokens: a pending job may be held by a rater's share lock, for long.
  perform from public.background_jobs as job
  where job.id = any (ids) and job.claim_token = any (tokens)
  order by job.id
  for update;

  -- A statement of its own: its snapshot shows what a call that we waited for has done.
  return query
    with asked as materialized (
      select
        o.position,
        o.id,
        o.claim_token,
        o.outcome,
        o.result,
        left(o.error, 2000) as error,
        coalesce(o.retryable, true) as retryable,
        coalesce(o.not_counted, false) as not_counted,
        round(o.retry_in_seconds, 6)::double precision as retry_in_seconds,
        row_number() over (partition by o.id, o.claim_token order by o.position) as occurrence
      from rows from (
        jsonb_to_recordset(outcomes) as (
          id uuid, claim_token uuid, outcome text, result jsonb, error text,
          retryable boolean, not_counted boolean, retry_in_seconds numeric
        )
      ) with ordinality as o (
        id, claim_token, outcome, result, error, retryable, not_counted, retry_in_seconds, position
      )
    ), decided as materialized (
      select
        job.id,
        job.job_type,
        job.payload,
        job.priority,
        job.attempts,
        job.max_attempts,
        job.idempotency_key,
        job.claim_token,
        job.worker_id,
        job.started_at,
        job.scheduled_for,
        job.created_at,
        job.redrive_of,
        asked.outcome,
        asked.result,
        asked.error,
        asked.retry_in_seconds,
        case
          when asked.outcome = 'completed' then 'completed'
          when asked.outcome = 'discarded' then 'discarded'
          when asked.outcome = 'failed' and not asked.not_counted
            and (not asked.retryable or job.attempts >= job.max_attempts) then 'dead'
        end::public.job_status as ended_as,
        asked.outcome in ('snoozed', 'released') or asked.not_counted as attempt_given_back
      from asked
      join public.background_jobs as job
        on job.id = asked.id and job.claim_token = asked.claim_token
      where job.id = any (ids) and asked.occurrence = 1
    ), removed as (
      delete from public.background_jobs as job
      where job.id = any (array(select d.id from decided as d where d.ended_as is not null))
    ), archived as (
      insert into public.job_history (
        job_id, job_type, payload, status, priority, attempts, max_attempts, error_message, result,
        duration_ms, waited_ms, idempotency_key, claim_token, worker_id, created_at, completed_at, redrive_of
      )
      select
        d.id, d.job_type, d.payload, d.ended_as, d.priority, d.attempts, d.max_attempts,
        case d.ended_as
          when 'dead' then coalesce(nullif(d.error, ''), 'failed without a message')
          when 'discarded' then coalesce(nullif(d.error, ''), 'discarded without a reason')
        end,
        case
          when octet_length(d.result::text) > 65536 then jsonb_build_object(
            'note', format('a result of %s bytes was left out: at most 65536 are kept',
              octet_length(d.result::text))
          )
          else nullif(d.result, 'null')
        end,
        greatest(0, extract(epoch from moment - d.started_at) * 1000)::bigint,
        greatest(0, extract(epoch from d.started_at - d.scheduled_for) * 1000)::bigint,
        d.idempotency_key, d.claim_token, d.worker_id, d.created_at, moment, d.redrive_of
      from decided as d
      where d.ended_as is not null
    ), kept as (
      update public.background_jobs as job
      set status = 'pending',
        attempts = job.attempts - d.attempt_given_back::integer,
        scheduled_for = case d.outcome
          when 'released' then job.scheduled_for
          when 'snoozed' then moment + make_interval(secs => coalesce(d.retry_in_seconds, 10))
          else coalesce(
            moment + make_interval(secs => d.retry_in_seconds), moment + queue_private.job_backoff(d.attempts)
          )
        end,
        error_message = coalesce(d.error, job.error_message),
        failed_at = case d.outcome when 'failed' then moment else job.failed_at end,
        claim_token = null,
        settled_token = d.claim_token,
        lease_expires_at = null,
        updated_at = moment
      from decided as d
      where job.id = d.id and d.ended_as is null
        and job.id = any (array(select k.id from decided as k where k.ended_as is null))
    )
    select
      asked.id,
      case
        when asked.occurrence = 1 and d.id is not null then 'settled'
        when d.id is not null
          or exists (
            select from public.job_history as ended
            where ended.job_id = asked.id and ended.claim_token = asked.claim_token
          )
          or exists (
            select from public.background_jobs as job
            where job.id = asked.id and job.settled_token = asked.claim_token
          ) then 'already'
        else 'stale'
      end
    from asked
    left join decided as d on d.id = asked.id and d.claim_token = asked.claim_token
    order by asked.position;
end
$$;
comment on function public.settle_jobs is 'Apply outcomes under their claim tokens; answers settled, already or stale.';
revoke all on function public.settle_jobs from public, anon, authenticated;
grant execute on function public.settle_jobs to service_role;
