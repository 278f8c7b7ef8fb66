-- diagnose_jobs: what is wrong with the work: all that queue_health says, the dead jobs, and runs that stopped or were killed.
-- On an app before its migration: jobs that are stuck in a table of its own.
-- Caller: diagnose. Locks: none. Bounded as queue_health is.
create or replace function queue_private.diagnose_jobs()
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := statement_timestamp();
  health jsonb;
  stuck bigint;
begin
  if to_regclass('queue_private.adopted_tables') is null then
    -- A queue that was made by a tutorial: without a lease nothing brings a lost job back.
    if (
      select count(*) from pg_catalog.pg_attribute as a
      where a.attrelid = to_regclass('public.background_jobs') and a.attname in ('status', 'started_at')
    ) = 2 then
      execute $query$
        select count(*) from (
          select from public.background_jobs as job
          where job.status::text = 'processing' and job.started_at < now() - interval '5 minutes' limit 10000
        ) as lost
      $query$ into stuck;
      if stuck > 0 then
        return query select 'jobs_stuck', 'high', 'public.background_jobs',
          case when stuck = 1 then '1 job has been processing for more than 5 minutes, and nothing takes it back'
            else format('%s jobs have been processing for more than 5 minutes, and nothing takes them back', stuck) end,
          'update public.background_jobs set status = ''pending'' where status = ''processing'' '
          || 'and started_at < now() - interval ''5 minutes'';';
      end if;
    end if;
    return;
  end if;

  health := public.queue_health();
  return query
  select reason.code, coalesce(known.severity, 'medium'), 'queue', reason.words, coalesce(known.mend, '-- See: select public.queue_health();')
  from rows from (
    jsonb_array_elements_text(health -> 'reason_codes'), jsonb_array_elements_text(health -> 'reasons')
  ) as reason (code, words)
  left join (values
    ('expired_leases', 'high', 'select * from public.rescue_expired_jobs();'),
    ('job_due_too_long', 'high', 'curl -H "Authorization: Bearer $CRON_SECRET" "$FUNCTIONS_URL/api/queue/process"'),
    ('too_many_dead', 'high', 'select public.redrive_jobs(); -- or public.discard_jobs(job_type => ...)'),
    ('no_run', 'critical', 'curl -H "Authorization: Bearer $CRON_SECRET" "$FUNCTIONS_URL/api/queue/process"'),
    ('paused_type_waits', 'medium', 'select public.resume_job_type(paused.job_type) from queue_private.paused_job_types as paused;'),
    ('schedule_cannot_be_planned', 'high',
      'update public.job_schedules set enabled = false where last_error is not null; -- or correct cron_expression'),
    ('unknown_type', 'high', 'vercel deploy --prod'),
    ('missing_type', 'high', 'supabase db push --remote'),
    ('given_back_too_often', 'medium',
      '-- See why: select id, job_type, error_message from public.background_jobs where deferrals >= 50;'),
    ('push_key_refused', 'high',
      '-- Restore VAPID_PRIVATE_KEY in Vercel''s settings, or: delete from public.push_subscriptions; -- the app subscribes again'),
    ('storage_refuses', 'high',
      '-- Is it there? select id, public from storage.buckets where id = ''post-images''; -- the migrations make it')
  ) as known (code, severity, mend) on known.code = reason.code;

  return query
  select 'dead_jobs', 'medium', 'job type ' || dead.job_type,
    case count(*) when 1 then '1 job is dead and nobody has dealt with it'
      when 2000 then 'at least 2000 jobs are dead and nobody has dealt with them, the newest'
      else count(*) || ' jobs are dead and nobody has dealt with them, the newest'
    end || coalesce(': ' || left((array_agg(dead.error_message order by dead.completed_at desc))[1], 200), ''),
    format('select public.redrive_jobs(job_type => %L); -- or public.discard_jobs(job_type => %1$L)', dead.job_type)
  from (
    select ended.job_type, ended.error_message, ended.completed_at
    from public.job_history as ended
    where ended.status = 'dead' and ended.redriven_as is null
    order by ended.completed_at desc limit 2000
  ) as dead
  group by dead.job_type;

  return query
  select 'cron_stopped', 'high', 'cron', format(
      'the last run started at %s: a tick comes each minute, jobs or not', to_char(last.started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
    'vercel crons ls -- is it on, and is CRON_SECRET the one that the functions have?'
  from (select max(run.started_at) as started_at from public.worker_runs as run) as last
  where last.started_at < moment - interval '10 minutes' and not health -> 'reason_codes' ? 'no_run'
  union all
  select 'runs_killed', 'medium', 'worker', format('%s runs of the last hour never ended', count(*)),
    '-- See which: select * from public.worker_runs where finished_at is null order by started_at desc limit 20;'
  from public.worker_runs as run
  where run.started_at between moment - interval '1 hour' and moment - interval '5 minutes' and run.finished_at is null
  having count(*) >= 3;
end
$$;
comment on function queue_private.diagnose_jobs is 'What is wrong with the work.';
revoke all on function queue_private.diagnose_jobs from public, anon, authenticated;
grant execute on function queue_private.diagnose_jobs to service_role;
