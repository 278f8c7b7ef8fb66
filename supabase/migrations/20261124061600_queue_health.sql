-- queue_health: is the queue working? Caller: /api/health/queue, polled by uptime monitors, and the worker.
-- Anyone may ask, so it stays cheap at any size: aggregates only, each by its own index and up to a limit. Jobs of a paused
-- type wait on purpose and do not count as due. Locks: none.
--
-- reasons are sentences that say what to do; reason_codes are the same in the same order, for programs:
--   expired_leases             a worker was lost and no other came to take its jobs back
--   job_due_too_long           a job has been due for more than 5 minutes
--   too_many_dead              more than 10 dead jobs of the day, and more than 1 % of all that ran; redriven and discarded
--                              ones are dealt with
--   no_run                     no run for 5 minutes while jobs are due
--   paused_type_waits          a type was paused an hour ago, and has jobs that have been due for an hour
--   schedule_cannot_be_planned its expression or time zone is not understood
--   unknown_type               jobs are due for 5 minutes whose type the last run's code does not know
--   missing_type               the last run's code knows a type that this database does not
--   given_back_too_often       active jobs came back 50 times or more without an attempt counted
--   push_key_refused           push services refuse the sender for most users who were pushed to (see outside_services.sql)
--   storage_refuses            Storage has refused five uploads or more and taken not one since

-- count_pending_jobs: exact up to exact_up_to, an estimate above.
create or replace function queue_private.count_pending_jobs(
  moment timestamptz, exact_up_to integer, out pending bigint, out is_estimate boolean
)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  select count(*) into pending
  from (
    select from public.background_jobs as job where job.status = 'pending' and not job.isolated limit exact_up_to + 1
  ) as counted;
  is_estimate := pending > exact_up_to;
  if is_estimate then
    pending := greatest(pending, (
      select sum(each.pending) from queue_private.estimate_pending_jobs(moment, 120) as each
    ));
  else
    pending := pending + (
      select count(*) from public.background_jobs as job where job.status = 'pending' and job.isolated
    );
  end if;
end
$$;
comment on function queue_private.count_pending_jobs is 'How many jobs are pending, and whether that is an estimate.';
revoke all on function queue_private.count_pending_jobs from public, anon, authenticated;
grant execute on function queue_private.count_pending_jobs to service_role;

-- count_dead_jobs: the dead jobs of the last 24 hours, those of them that nobody has dealt with, and how many jobs ran.
-- The newest 2,000 dead jobs are looked at. When there are more, dead comes from the tallies, and left_dead is the share
-- seen among those 2,000. ran is asked for only when left_dead may be too many.
create or replace function queue_private.count_dead_jobs(
  moment timestamptz, out dead bigint, out left_dead bigint, out ran bigint
)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  since timestamptz := queue_private.day_begins(moment);
  first_hour timestamptz := date_bin('1 hour', since, 'epoch') + interval '1 hour';
  seen bigint;
  died bigint;
begin
  select count(*), count(*) filter (where newest.redriven_as is null) into seen, left_dead
  from (
    select ended.redriven_as
    from public.job_history as ended
    where ended.status = 'dead' and ended.completed_at >= since
    order by ended.completed_at desc
    limit 2001
  ) as newest;
  dead := seen;
  if left_dead > 10 or seen > 2000 then
    -- Whole hours, and the minutes before the first of them.
    select
      coalesce(sum(each.jobs) filter (where each.status <> 'cancelled'), 0),
      coalesce(sum(each.jobs) filter (where each.status = 'dead'), 0)
    into ran, died
    from (
      select tally.status, tally.jobs from queue_private.job_tallies as tally
      where tally.grain = 'hour' and tally.starts_at >= first_hour
      union all
      select tally.status, tally.jobs from queue_private.job_tallies as tally
      where tally.grain = 'minute' and tally.starts_at >= since and tally.starts_at < first_hour
      union all
      select delta.status, delta.jobs from queue_private.job_tally_deltas as delta where delta.minute >= since
    ) as each;
    if seen > 2000 then
      dead := greatest(seen, died);
      left_dead := left_dead * dead / seen;
    end if;
  end if;
end
$$;
comment on function queue_private.count_dead_jobs is 'The dead jobs of the last 24 hours.';
revoke all on function queue_private.count_dead_jobs from public, anon, authenticated;
grant execute on function queue_private.count_dead_jobs to service_role;

create or replace function public.queue_health() returns jsonb
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
declare
  moment timestamptz := statement_timestamp();
  stuck bigint;
  pending record;
  died record;
  due record;
  oldest_due timestamptz;
  last_run timestamptz;
  known text[];
  given_back bigint;
  storage record;
  push record;
  codes text[] := '{}';
  reasons text[] := '{}';
begin
  select count(*) into stuck from public.background_jobs as job
  where job.status = 'processing' and job.lease_expires_at < moment;
  select * into pending from queue_private.count_pending_jobs(moment, 5000);
  select * into died from queue_private.count_dead_jobs(moment);
  select max(run.started_at) into last_run from public.worker_runs as run;
  -- Runs of a worker that does not tell its types are passed over.
  select run.known_types into known from public.worker_runs as run
  where run.known_types is not null and run.started_at > moment - interval '1 day'
  order by run.started_at desc limit 1;
  select count(*) into given_back from (
    select from public.background_jobs as job where job.deferrals >= 50 limit 10000
  ) as counted;

  select * into storage from queue_private.storage_refusals(moment);
  select * into push from queue_private.refused_users(moment);

  -- Due types in one look: those that a worker should claim, those that it cannot know, those that are paused.
  select
    min(oldest.due_since) filter (where paused.job_type is null) as since,
    min(oldest.due_since) filter (
      where paused.job_type is null and (known is null or oldest.job_type::text = any (known))
    ) as known_since,
    string_agg(oldest.job_type::text, ', ' order by oldest.job_type) filter (
      where paused.job_type is null and oldest.job_type::text <> all (known)
        and oldest.due_since < moment - interval '5 minutes'
    ) as unknown_types,
    string_agg(oldest.job_type::text, ', ' order by oldest.job_type) filter (
      where paused.paused_at < moment - interval '1 hour' and oldest.due_since < moment - interval '1 hour'
    ) as forgotten_types,
    coalesce(jsonb_agg(oldest.job_type order by oldest.job_type) filter (where paused.job_type is not null), '[]')
      as paused_types
  into due
  from queue_private.oldest_due_jobs(moment) as oldest
  left join queue_private.paused_job_types as paused on paused.job_type = oldest.job_type;
  oldest_due := due.since;

  select
    coalesce(array_agg(reason.code order by reason.place, reason.words), '{}'),
    coalesce(array_agg(reason.words order by reason.place, reason.words), '{}')
  into codes, reasons
  from (
    select 1, 'expired_leases', case when stuck = 1
      then '1 job is stuck: its lease has expired; see whether the cron still calls the worker, which takes it back'
      else format(
        '%s jobs are stuck: their lease has expired; see whether the cron still calls the worker, which takes them back',
        stuck) end
    where stuck > 0
    union all
    select 2, 'job_due_too_long', format(
      'a job has been due for %s seconds; see whether runs end on their budget, and which type waits',
      floor(extract(epoch from moment - due.known_since)))
    where due.known_since < moment - interval '5 minutes'
    union all
    select 3, 'too_many_dead', format(
      '%s of %s jobs died in the last 24 hours; read their errors, then redrive or discard them',
      died.left_dead, died.ran)
    where died.left_dead > 10 and died.left_dead * 100 > died.ran
    union all
    select 4, 'no_run',
      'jobs are due, and no worker has run for 5 minutes; see whether the cron is on and its secret is right'
    where oldest_due is not null and coalesce(last_run, oldest_due) < moment - interval '5 minutes'
    union all
    select 5, 'paused_type_waits', format(
      'paused for more than an hour while jobs are due: %s; resume the type, or cancel its jobs', due.forgotten_types)
    where due.forgotten_types is not null
    union all
    select 6, 'schedule_cannot_be_planned', format(
      'the schedule %s cannot be planned; correct its expression or time zone, or disable it', schedule.name)
    from public.job_schedules as schedule
    where schedule.enabled and schedule.last_error is not null
    union all
    select 7, 'unknown_type', format(
      'jobs are due that the deployed code does not know: %s; deploy code with these types, or cancel the jobs',
      due.unknown_types)
    where due.unknown_types is not null
    union all
    select 8, 'missing_type', format(
      'the deployed code has job types that the database lacks: %s; apply the migrations',
      string_agg(asked.job_type, ', ' order by asked.job_type))
    from unnest(known) as asked (job_type)
    where asked.job_type <> all (enum_range(null::public.job_type)::text[])
    having count(*) > 0
    union all
    select 9, 'given_back_too_often', case when given_back = 1
      then '1 job came back 50 times or more without an attempt counted; read its errors: what it needs may be down'
      else format(
        '%s jobs came back 50 times or more without an attempt counted; read their errors: what they need may be down',
        given_back) end
    where given_back > 0
    union all
    select 10, 'push_key_refused', format(
      'push services refuse the sender for %s; VAPID_PRIVATE_KEY is probably not the key that browsers subscribed with:'
      || ' restore it, or let the app subscribe again',
      case when push.refused + push.reached = 1 then 'the last user'
        else format('%s of the last %s users', push.refused, push.refused + push.reached) end)
    where push.refused > 0 and queue_private.push_is_refused(push.refused, push.reached)
    union all
    select 11, 'storage_refuses', format(
      'Storage has refused %s uploads since %s and taken not one; see that the bucket post-images is there, that'
      || ' SUPABASE_SERVICE_ROLE_KEY is right, and what status.supabase.com says',
      storage.refused, to_char(storage.since at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
    where storage.refused >= 5
  ) as reason (place, code, words);

  return jsonb_build_object(
    'healthy', cardinality(reasons) = 0,
    'stuck_jobs', stuck,
    'pending_jobs', pending.pending,
    'pending_is_estimate', pending.is_estimate,
    'oldest_due_seconds', floor(extract(epoch from moment - oldest_due)),
    'dead_last_24h', died.dead,
    'last_run_seconds_ago', floor(extract(epoch from moment - last_run)),
    'drifting_posts', queue_private.last_like_audit() -> 'drifting_posts',
    'paused_types_with_due_jobs', due.paused_types,
    'reasons', to_jsonb(reasons),
    'reason_codes', to_jsonb(codes)
  );
end
$$;
comment on function public.queue_health is 'Whether the queue works, with the reasons when it does not.';
revoke all on function public.queue_health from public, anon, authenticated;
grant execute on function public.queue_health to service_role;
