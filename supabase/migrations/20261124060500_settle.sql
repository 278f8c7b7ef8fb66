-- Settling: processing -> completed, dead or discarded (job_history), or back to pending (fail, snooze,
-- release). Caller: the worker.
--
-- Fence: the job's current claim_token. A settle without it changes nothing and is answered
--   settled  the outcome was applied now;
--   already  this token settled the job before: the reply to that call was lost;
--   stale    the lease went to someone else, or there is no such job.
-- Locks: the rows whose token fits, in id order, so a call that is repeated while the first one still
-- runs waits for it. Safe to repeat: yes.

-- check_outcomes: refuse a malformed array as a whole (22023), naming the element and the rule.
create or replace function public.check_outcomes(outcomes jsonb) returns void
language plpgsql immutable
set search_path = ''
as $$
declare
  bad record;
begin
  if outcomes is null or jsonb_typeof(outcomes) <> 'array' then
    raise exception 'outcomes must be an array' using errcode = '22023';
  elsif jsonb_array_length(outcomes) > 1000 then
    raise exception 'outcomes must have at most 1000 elements, not %', jsonb_array_length(outcomes)
      using errcode = '22023';
  end if;
  select checked.* into bad
  from (
    select
      each.ordinality - 1 as position,
      case
        when jsonb_typeof(o) <> 'object' then 'must be an object'
        when not coalesce(pg_input_is_valid(o ->> 'id', 'uuid'), false)
          then 'id must be a UUID'
        when not coalesce(pg_input_is_valid(o ->> 'claim_token', 'uuid'), false)
          then 'claim_token must be a UUID'
        when coalesce(o ->> 'outcome', '')
          not in ('completed', 'failed', 'snoozed', 'discarded', 'released')
          then 'outcome must be completed, failed, snoozed, discarded or released'
        when jsonb_typeof(o -> 'error') not in ('string', 'null') then 'error must be a string'
        when jsonb_typeof(o -> 'retryable') not in ('boolean', 'null')
          then 'retryable must be true or false'
        when jsonb_typeof(o -> 'not_counted') not in ('boolean', 'null')
          then 'not_counted must be true or false'
        when jsonb_typeof(o -> 'retry_in_seconds') not in ('number', 'null')
          then 'retry_in_seconds must be a number'
        when (o ->> 'retry_in_seconds')::numeric not between 0 and 31536000
          then 'retry_in_seconds must be from 0 to 31536000'
        when (o ->> 'retryable')::boolean is false and (o ->> 'not_counted')::boolean
          then 'not_counted keeps the job, retryable false ends it: give one'
      end as problem
    from jsonb_array_elements(outcomes) with ordinality as each (o, ordinality)
  ) as checked
  where checked.problem is not null
  order by checked.position
  limit 1;
  if found then
    raise exception 'outcomes[%]: %', bad.position, bad.problem using errcode = '22023';
  end if;
end
$$;
revoke all on function public.check_outcomes from public, anon, authenticated;
grant execute on function public.check_outcomes to service_role;

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
  perform public.check_outcomes(outcomes);
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
        duration_ms, idempotency_key, claim_token, worker_id, created_at, completed_at, redrive_of
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
            moment + make_interval(secs => d.retry_in_seconds), moment + public.job_backoff(d.attempts)
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

create or replace function public.complete_job(job_id uuid, claim_token uuid, job_result jsonb default null)
returns text
language plpgsql volatile
set search_path = ''
as $$
begin
  return (
    select settled.answer
    from public.settle_jobs('', jsonb_build_array(jsonb_build_object(
      'id', complete_job.job_id, 'claim_token', complete_job.claim_token,
      'outcome', 'completed', 'result', complete_job.job_result
    ))) as settled
  );
end
$$;
comment on function public.complete_job is 'settle_jobs for one job that completed.';
revoke all on function public.complete_job from public, anon, authenticated;
grant execute on function public.complete_job to service_role;

create or replace function public.fail_job(
  job_id uuid, claim_token uuid, error_msg text, retryable boolean default true
) returns text
language plpgsql volatile
set search_path = ''
as $$
begin
  return (
    select settled.answer
    from public.settle_jobs('', jsonb_build_array(jsonb_build_object(
      'id', fail_job.job_id, 'claim_token', fail_job.claim_token, 'outcome', 'failed',
      'error', fail_job.error_msg, 'retryable', fail_job.retryable
    ))) as settled
  );
end
$$;
comment on function public.fail_job is 'settle_jobs for one job that failed.';
revoke all on function public.fail_job from public, anon, authenticated;
grant execute on function public.fail_job to service_role;

-- settle_and_claim: settle one batch and lease the next in one round trip and one transaction.
-- Returns {"settled": [{id, answer}], "claimed": [background_jobs rows]}.
create or replace function public.settle_and_claim(
  worker_id text,
  outcomes jsonb default '[]',
  max_jobs integer default 10,
  job_types public.job_type[] default null,
  lease_seconds integer default 30
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  settled jsonb;
  claimed jsonb;
begin
  perform public.check_claim(worker_id, max_jobs, lease_seconds);
  settled := (
    select jsonb_agg(jsonb_build_object('id', s.id, 'answer', s.answer))
    from public.settle_jobs(worker_id, coalesce(outcomes, '[]')) as s
  );
  claimed := (
    select jsonb_agg(to_jsonb(c))
    from public.claim_jobs(worker_id, max_jobs, job_types, lease_seconds) as c
  );
  return jsonb_build_object(
    'settled', coalesce(settled, '[]'), 'claimed', coalesce(claimed, '[]')
  );
end
$$;
comment on function public.settle_and_claim is 'settle_jobs and claim_jobs in one transaction.';
revoke all on function public.settle_and_claim from public, anon, authenticated;
grant execute on function public.settle_and_claim to service_role;
