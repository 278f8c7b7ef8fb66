-- Settling: processing -> completed, dead or discarded (job_history), or back to pending (fail, snooze,
-- release). Caller: the worker.
--
-- Fence: the job's current claim_token. A settle without it changes nothing and is answered
--   settled  the outcome was applied now;
--   already  this token settled the job before: the reply to that call was lost;
--   stale    the lease went to someone else, or there is no such job.
-- Locks: the rows whose token fits, in id order, so a call that is repeated while the first one still
-- runs waits for it, finds the rows gone or under no token, and then looks for what the first one did.
-- Only rows under one of the tokens: a pending job may be held by a rater's share lock, for long.
-- Safe to repeat: yes.
--
-- The outcomes are joined by a hash. With the statistics of an empty table the planner could choose a nested loop, which
-- compares each outcome with each job. The rules for the array are in check_outcomes, which takes a fifth of the time of
-- the rest. So it is called only when an outcome looks unusual, and afterwards: when it refuses, the whole call is undone.
-- Until then a value of the wrong kind counts as missing.
create or replace function public.settle_jobs(worker_id text, outcomes jsonb)
returns table (id uuid, answer text)
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_nestloop = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
  ids uuid[];
  done boolean[];
  is_unusual boolean;
begin
  if (case jsonb_typeof(outcomes) when 'array' then jsonb_array_length(outcomes) > 1000 else true end) then
    perform queue_private.check_outcomes(outcomes);
  end if;
  with asked as materialized (
    select
      o.*,
      o.outcome in ('completed', 'discarded') as ends,
      o.outcome = 'failed' and not o.not_counted as fails,
      row_number() over (partition by o.id, o.claim_token order by o.position) = 1 as is_first
    from (
      select
        each.position,
        case when pg_input_is_valid(o ->> 'id', 'uuid') then (o ->> 'id')::uuid end as id,
        case when pg_input_is_valid(o ->> 'claim_token', 'uuid') then (o ->> 'claim_token')::uuid end as claim_token,
        o ->> 'outcome' as outcome,
        o -> 'result' as result,
        left(o ->> 'error', 2000) as error,
        coalesce(o -> 'retryable' <> 'false', true) as retryable,
        coalesce(o -> 'not_counted' = 'true', false) as not_counted,
        case jsonb_typeof(o -> 'retry_in_seconds') when 'number' then
          least(round((o ->> 'retry_in_seconds')::numeric, 6), 31536000)::double precision
        end as retry_in_seconds,
        o ?| array['error', 'retryable', 'not_counted', 'retry_in_seconds'] as has_options
      from jsonb_array_elements(outcomes) with ordinality as each (o, position)
    ) as o
  ), ended as (
    delete from public.background_jobs as job
    using asked
    where job.id = any (array(select asked.id from asked))
      and job.id = asked.id and job.claim_token = asked.claim_token
      and asked.is_first
      and (asked.ends or asked.fails and (not asked.retryable or job.attempts >= job.max_attempts))
    returning
      job.id, job.job_type, job.payload, job.priority, job.attempts, job.max_attempts, job.idempotency_key,
      job.claim_token, job.worker_id, job.scheduled_for, job.started_at, job.created_at, job.redrive_of,
      job.attempt_log, asked.position, asked.outcome, asked.result, asked.error
  ), archived as (
    insert into public.job_history (
      job_id, job_type, payload, status, priority, attempts, max_attempts, error_message, result, duration_ms,
      waited_ms, idempotency_key, claim_token, worker_id, created_at, completed_at, redrive_of, attempt_log
    )
    select
      e.id, e.job_type, e.payload,
      case e.outcome when 'failed' then 'dead' else e.outcome end::public.job_status,
      e.priority, e.attempts, e.max_attempts,
      case e.outcome
        when 'failed' then coalesce(nullif(e.error, ''), 'failed without a message')
        when 'discarded' then coalesce(nullif(e.error, ''), 'discarded without a reason')
      end,
      case
        when octet_length(e.result::text) > 65536 then jsonb_build_object(
          'note', format('a result of %s bytes was left out: at most 65536 are kept', octet_length(e.result::text))
        )
        -- As in queue_private.job_payload.
        when e.result::text ~ '([0-9]{103}){3}' and jsonb_path_exists(e.result, '$.** ? (@ > 1e308 || @ < -1e308)')
          then jsonb_build_object('note', 'a result with a number of more than 308 digits was left out')
        else nullif(e.result, 'null')
      end,
      greatest(0, date_part('epoch', moment - e.started_at) * 1000)::bigint,
      greatest(0, date_part('epoch', e.started_at - e.scheduled_for) * 1000)::bigint,
      e.idempotency_key, e.claim_token, e.worker_id, e.created_at, moment, e.redrive_of,
      case e.outcome
        when 'failed' then
          queue_private.log_attempt(e.attempt_log, e.outcome, e.error, e.worker_id, e.started_at, moment)
        else e.attempt_log
      end
    from ended as e
  ), kept as (
    update public.background_jobs as job
    set status = 'pending',
      attempts = job.attempts - (not asked.fails)::integer,
      deferrals = job.deferrals + (asked.outcome = 'snoozed' or asked.not_counted)::integer,
      scheduled_for = case asked.outcome
        when 'released' then job.scheduled_for
        when 'snoozed' then moment + make_interval(secs => coalesce(asked.retry_in_seconds, 10))
        else coalesce(
          moment + make_interval(secs => asked.retry_in_seconds),
          moment + queue_private.job_backoff(case when asked.fails then job.attempts else job.deferrals + 1 end)
        )
      end,
      error_message = coalesce(asked.error, job.error_message),
      failed_at = case asked.outcome when 'failed' then moment else job.failed_at end,
      attempt_log = case asked.outcome
        when 'released' then job.attempt_log
        else queue_private.log_attempt(
          job.attempt_log, asked.outcome, asked.error, job.worker_id, job.started_at, moment
        )
      end,
      claim_token = null,
      settled_token = job.claim_token,
      lease_expires_at = null,
      updated_at = moment
    from asked
    where job.id = any (array(select asked.id from asked))
      and job.id = asked.id and job.claim_token = asked.claim_token
      and asked.is_first and not asked.ends
      and not (asked.fails and (not asked.retryable or job.attempts >= job.max_attempts))
    returning asked.position
  )
  select
    array_agg(asked.id order by asked.position),
    array_agg(settled.position is not null order by asked.position),
    bool_or(
      asked.has_options or asked.id is null or asked.claim_token is null
      or coalesce(asked.outcome, '') not in ('completed', 'failed', 'snoozed', 'discarded', 'released')
    )
  into ids, done, is_unusual
  from asked
  left join (select ended.position from ended union all select kept.position from kept) as settled
    on settled.position = asked.position;

  if is_unusual then
    perform queue_private.check_outcomes(outcomes);
  end if;
  if not false = any (done) then
    return query select each.id, 'settled' from unnest(ids) as each (id);
    return;
  end if;
  -- A statement of its own: its snapshot shows what a call that we waited for has done, and what this one did.
  return query
    select
      each.id,
      case
        when done[each.position] then 'settled'
        when queue_private.was_settled(each.id, (outcomes -> (each.position - 1)::integer ->> 'claim_token')::uuid)
          then 'already'
        else 'stale'
      end
    from unnest(ids) with ordinality as each (id, position);
end
$$;
comment on function public.settle_jobs is 'Apply outcomes under their claim tokens; answers settled, already or stale.';
revoke all on function public.settle_jobs from public, anon, authenticated;
grant execute on function public.settle_jobs to service_role;
