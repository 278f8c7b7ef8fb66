-- Opt-in: no waiting for the minute. Every 2 seconds pg_cron looks whether a job is due, and calls the worker through
-- pg_net if one is. Raters pay nothing: nothing here is part of a request. A second pg_cron job calls each minute, unless
-- some run started in the last 50 seconds: it is the back-up, and stands in for Vercel Cron where that ticks once a day.
-- README, "No waiting for the minute", says step by step how to store the two secrets, apply this, look and remove it.
--
-- A check does not call when nothing is due, when a run is under way, and, so that jobs which no run can take (all locked,
-- of a type that does not fit into the budget, a wrong secret) cause no call every 2 seconds for ever, while it waits
-- after calls in vain: 4, 8, 16, 32, then 60 seconds. A job that became due since the last run is reason enough again.
-- Jobs of paused types are not due, nor are those of types that the deployed code does not know.
--
-- Caller: pg_cron, as the role that applies this file. Needs pg_cron, pg_net and Vault; where one is missing, a notice says
-- so and nothing is scheduled. Locks: the one row of worker_wakes, skip locked. Safe to apply again: yes.

create table if not exists queue_private.worker_wakes (
  only_row boolean primary key default true,
  called_at timestamptz,
  calls_in_vain integer not null default 0,
  constraint worker_wakes_has_one_row check (only_row)
);
comment on table queue_private.worker_wakes is 'When the worker was last called, and how many calls in a row did nothing.';
alter table queue_private.worker_wakes enable row level security;
revoke all on table queue_private.worker_wakes from public, anon, authenticated;
insert into queue_private.worker_wakes default values on conflict do nothing;

-- work_came: did something become due after a moment and up to another one? A pending job that the deployed code knows and
-- that is not paused, or a lease that ran out. One index probe for each type and priority, however long the queue is.
create or replace function queue_private.work_came(after timestamptz, moment timestamptz) returns boolean
language plpgsql stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  known text[];
  types public.job_type[];
begin
  -- As queue_health has it: runs of a worker that does not tell its types are passed over.
  select run.known_types into known from public.worker_runs as run
  where run.known_types is not null and run.started_at > moment - interval '1 day'
  order by run.started_at desc limit 1;
  types := array(
    select claimable.job_type
    from unnest(queue_private.claimable_job_types(null)) as claimable (job_type)
    where known is null or claimable.job_type::text = any (known)
  );
  return exists (
    select
    from unnest(types) as wanted (job_type)
    cross join generate_series(0, 10) as level (priority)
    cross join lateral (
      select
      from public.background_jobs as job
      where job.job_type = wanted.job_type and job.priority = level.priority
        and job.status = 'pending' and not job.isolated
        and job.scheduled_for > after and job.scheduled_for <= moment
      limit 1
    ) as due
  ) or exists (
    select
    from unnest(types) as wanted (job_type)
    cross join lateral (
      select
      from public.background_jobs as job
      where job.job_type = wanted.job_type and job.status = 'pending' and job.isolated
        and job.scheduled_for > after and job.scheduled_for <= moment
      limit 1
    ) as due
  ) or exists (
    select
    from public.background_jobs as job
    where job.status = 'processing' and job.lease_expires_at > after and job.lease_expires_at <= moment
  );
end
$$;
comment on function queue_private.work_came is 'Whether something became due in a span of time.';
revoke all on function queue_private.work_came from public, anon, authenticated;

-- call_worker: ask pg_net for one call of the worker. Returns pg_net's id of the request (net._http_response has the reply
-- under it), null with a warning when a secret is missing. pg_net sends it after the commit.
create or replace function queue_private.call_worker() returns bigint
language plpgsql volatile
set search_path = ''
as $$
declare
  origin text;
  secret text;
begin
  select decrypted_secret into origin from vault.decrypted_secrets where name = 'worker_url';
  select decrypted_secret into secret from vault.decrypted_secrets where name = 'cron_secret';
  if origin is null or secret is null then
    raise warning 'the worker cannot be called: Vault lacks the secret %',
      concat_ws(' and ', case when origin is null then 'worker_url' end, case when secret is null then 'cron_secret' end)
      using hint = 'select vault.create_secret(''<value>'', ''<name>'')';
    return null;
  end if;
  return net.http_get(
    -- The address of the functions, or of the route itself, where that has a prefix.
    url => case when origin like '%/queue/process' then origin else rtrim(origin, '/') || '/api/queue/process' end,
    headers => jsonb_build_object('Authorization', 'Bearer ' || secret),
    -- A longer run goes on without anybody listening.
    timeout_milliseconds => 5000
  );
end
$$;
comment on function queue_private.call_worker is 'Ask for one call of the worker.';
revoke all on function queue_private.call_worker from public, anon, authenticated;

-- wake_worker: one check, or with is_minute the minute's. Returns what it decided, in words.
create or replace function queue_private.wake_worker(is_minute boolean default false) returns text
language plpgsql volatile
set search_path = ''
as $$
declare
  moment timestamptz;
  wakes queue_private.worker_wakes;
  latest public.worker_runs;
  did_something boolean;
  wait interval;
begin
  select * into wakes from queue_private.worker_wakes for update skip locked;
  if not found then
    return 'another check is deciding';
  end if;
  moment := clock_timestamp();
  if queue_private.runs_under_way(moment) > 0 then
    return 'a run is under way';
  end if;
  select run.* into latest from public.worker_runs as run
  where run.stop_reason is distinct from 'limit'
  order by run.started_at desc limit 1;

  -- A killed run did nothing as far as anybody knows: it has no end and no counts.
  did_something := coalesce(
    (latest.counts ->> 'processed')::integer + (latest.counts ->> 'rescued')::integer
      + (latest.counts ->> 'scheduled')::integer > 0,
    false
  );
  if latest.started_at >= wakes.called_at and did_something then
    wakes.calls_in_vain := 0;
  end if;
  wait := least(60, 2 * 2 ^ least(wakes.calls_in_vain, 5)) * interval '1 second';

  if is_minute then
    if latest.started_at > moment - interval '50 seconds' then
      return 'a run started within the minute';
    end if;
  elsif not queue_private.work_came('-infinity', moment) then
    return 'nothing is due';
  elsif wakes.calls_in_vain > 0 and moment < wakes.called_at + wait and not (
    latest.started_at >= wakes.called_at and queue_private.work_came(latest.started_at, moment)
  ) then
    return format('waits after %s calls in vain', wakes.calls_in_vain);
  end if;

  update queue_private.worker_wakes set called_at = moment, calls_in_vain = wakes.calls_in_vain + 1;
  return coalesce('called, request ' || queue_private.call_worker(), 'could not call');
end
$$;
comment on function queue_private.wake_worker is 'Call the worker if a job is due and no run is under way.';
revoke all on function queue_private.wake_worker from public, anon, authenticated;

do $$
declare
  extension record;
  missing text[] := '{}';
begin
  for extension in
    select * from (values ('pg_cron', 'pg_catalog'), ('pg_net', 'extensions')) as needed (name, schema_name)
  loop
    begin
      if not exists (select from pg_catalog.pg_extension as there where there.extname = extension.name) then
        execute format('create extension %I with schema %I', extension.name, extension.schema_name);
      end if;
    exception when others then
      missing := missing || format('%s (%s)', extension.name, sqlerrm);
    end;
  end loop;
  if to_regclass('vault.decrypted_secrets') is null then
    missing := missing || array['supabase_vault'];
  end if;
  if missing <> '{}' then
    raise notice 'nothing wakes the worker; missing: %', array_to_string(missing, ', ')
      using hint = 'Enable them (Dashboard, Database, Extensions), then apply this file again.';
    return;
  end if;
  perform cron.schedule('suplatzigram-wake', '2 seconds', 'select queue_private.wake_worker()');
  perform cron.schedule('suplatzigram-minute', '* * * * *', 'select queue_private.wake_worker(is_minute => true)');
  -- pg_cron keeps a row of each run for ever: 43,000 a day of ours.
  perform cron.schedule('suplatzigram-forget', '13 4 * * *', $forget$
    delete from cron.job_run_details as run using cron.job as job
    where job.jobid = run.jobid and job.jobname like 'suplatzigram-%' and run.end_time < now() - interval '1 day'
  $forget$);
end
$$;
