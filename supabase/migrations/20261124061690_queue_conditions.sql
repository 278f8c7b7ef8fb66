-- What else says how the queue is: the last audit, and jobs that come back. Each is asked once here, for queue_health and
-- queue_stats alike. Locks: none.

-- last_like_audit: what the newest completed audit of the like counts found; null before the first one.
create or replace function queue_private.last_like_audit() returns jsonb
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return (
    select jsonb_build_object(
      -- Whole numbers, whatever somebody has written into the table: health must stay readable.
      'drifting_posts', substring(ended.result ->> 'drifting' from '^[0-9]{1,9}$')::integer,
      'checked_posts', substring(ended.result ->> 'checked' from '^[0-9]{1,9}$')::integer,
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
            job.id, job.job_type, job.status, job.deferrals,
            queue_private.readable_time(job.created_at) as created_at, job.scheduled_for, job.error_message
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
