-- What else says how the queue is: the last audit, jobs that come back, an old transaction. Each is asked once here, for
-- queue_health and queue_stats alike. Locks: none.

-- last_like_audit: what the newest completed audit of the like counts found; null before the first one.
create or replace function queue_private.last_like_audit() returns jsonb
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return (
    select jsonb_build_object(
      'drifting_posts', ended.result -> 'drifting',
      'checked_posts', ended.result -> 'checked',
      'audited_at', ended.completed_at
    )
    from public.job_history as ended
    where ended.job_type = 'audit_like_counts' and ended.status = 'completed'
    order by ended.job_id desc
    limit 1
  );
end
$$;
comment on function queue_private.last_like_audit is 'What the last audit of the like counts found.';
revoke all on function queue_private.last_like_audit from public, anon, authenticated;
grant execute on function queue_private.last_like_audit to service_role;

-- jobs_given_back: how many active jobs came back at least 10 and at least 50 times without an attempt counted, and the
-- 20 that did most often, with how often, since when and why. An outage that lasts gives a job back again and again.
create or replace function queue_private.jobs_given_back() returns jsonb
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  return (
    with often as materialized (
      select job.deferrals from public.background_jobs as job where job.deferrals >= 10 limit 10000
    )
    select jsonb_build_object(
      'ten_times', count(*),
      'fifty_times', count(*) filter (where often.deferrals >= 50),
      'jobs', (
        select coalesce(jsonb_agg(to_jsonb(most)), '[]')
        from (
          select
            job.id, job.job_type, job.status, job.deferrals, job.created_at, job.scheduled_for, job.error_message
          from public.background_jobs as job
          where job.deferrals >= 10
          order by job.deferrals desc
          limit 20
        ) as most
      )
    )
    from often
  );
end
$$;
comment on function queue_private.jobs_given_back is 'Active jobs that come back again and again.';
revoke all on function queue_private.jobs_given_back from public, anon, authenticated;
grant execute on function queue_private.jobs_given_back to service_role;

-- oldest_transaction: the open transaction of more than a minute that has kept dead rows alive for longest: the more of
-- them, the slower each claim. Null when there is not one. Prepared transactions and replication slots are not looked at.
-- Security definer: Postgres shows another role's sessions only to members of pg_monitor, which postgres is on hosted
-- Supabase and service_role is not. What it tells is no more than this: who, in which state, for how long.
create or replace function queue_private.oldest_transaction(moment timestamptz) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'pid', activity.pid,
      'role', activity.usename,
      'application', activity.application_name,
      'state', activity.state,
      'open_seconds', floor(extract(epoch from moment - activity.xact_start))
    )
    from pg_catalog.pg_stat_activity as activity
    where activity.datname = current_database() and activity.pid <> pg_backend_pid()
      and activity.xact_start < moment - interval '1 minute'
      and (activity.backend_xmin is not null or activity.backend_xid is not null)
    order by greatest(
      pg_catalog.age(activity.backend_xmin), pg_catalog.age(activity.backend_xid)
    ) desc, activity.xact_start
    limit 1
  );
end
$$;
comment on function queue_private.oldest_transaction is 'The open transaction that keeps dead rows alive.';
revoke all on function queue_private.oldest_transaction from public, anon, authenticated;
grant execute on function queue_private.oldest_transaction to service_role;
