-- count_active_jobs: the active jobs of each type. Caller: queue_stats.
-- Exact while the table has at most exact_up_to rows. Above that a type is still counted exactly while it has at most
-- exact_up_to / 20 pending jobs; for a larger one pending, failed and due are estimated, and pending_is_estimate is true.
-- What is processing, stuck or isolated is always counted. Types without jobs have no row. Locks: none.
create or replace function queue_private.count_active_jobs(moment timestamptz, exact_up_to integer default 100000)
returns table (
  job_type public.job_type, pending bigint, processing bigint, failed bigint, due bigint, stuck bigint,
  isolated bigint, pending_is_estimate boolean
)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  if exact_up_to >= (
    select count(*) from (select from public.background_jobs limit exact_up_to + 1) as counted
  ) then
    return query
      select
        job.job_type,
        count(*) filter (where job.status = 'pending'),
        count(*) filter (where job.status = 'processing'),
        count(*) filter (where job.status = 'pending' and job.attempts > 0),
        count(*) filter (where job.status = 'pending' and job.scheduled_for <= moment),
        count(*) filter (where job.status = 'processing' and job.lease_expires_at < moment),
        count(*) filter (where job.isolated),
        false
      from public.background_jobs as job
      group by job.job_type;
  else
    return query
      select * from queue_private.count_many_active_jobs(moment, exact_up_to / 20);
  end if;
end
$$;
comment on function queue_private.count_active_jobs is 'The active jobs of each type.';
revoke all on function queue_private.count_active_jobs from public, anon, authenticated;
grant execute on function queue_private.count_active_jobs to service_role;

-- count_many_active_jobs: count_active_jobs for a long queue: bounded counts through the indexes, and one sample.
create or replace function queue_private.count_many_active_jobs(moment timestamptz, exact_up_to integer)
returns table (
  job_type public.job_type, pending bigint, processing bigint, failed bigint, due bigint, stuck bigint,
  isolated bigint, pending_is_estimate boolean
)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
begin
  return query
    with estimated as materialized (
      select * from queue_private.estimate_pending_jobs(moment, 500)
    ), leased as materialized (
      select
        job.job_type,
        count(*) as processing,
        count(*) filter (where job.lease_expires_at < moment) as stuck,
        count(*) filter (where job.isolated) as isolated
      from public.background_jobs as job
      where job.status = 'processing'
      group by job.job_type
    ), alone as materialized (
      select
        job.job_type,
        count(*) as pending,
        count(*) filter (where job.attempts > 0) as failed,
        count(*) filter (where job.scheduled_for <= moment) as due
      from public.background_jobs as job
      where job.status = 'pending' and job.isolated
      group by job.job_type
    )
    select
      known.job_type,
      case when counted.pending > exact_up_to
        then greatest(counted.pending, estimated.pending, 0) else counted.pending + coalesce(alone.pending, 0) end,
      coalesce(leased.processing, 0),
      case when counted.pending > exact_up_to
        then greatest(counted.failed, estimated.failed, 0) else counted.failed + coalesce(alone.failed, 0) end,
      case when counted.pending > exact_up_to
        then greatest(counted.due, estimated.due, 0) else counted.due + coalesce(alone.due, 0) end,
      coalesce(leased.stuck, 0),
      coalesce(leased.isolated, 0) + coalesce(alone.pending, 0),
      counted.pending > exact_up_to
    from unnest(enum_range(null::public.job_type)) as known (job_type)
    cross join lateral (
      select
        count(*) as pending,
        count(*) filter (where each.attempts > 0) as failed,
        count(*) filter (where each.scheduled_for <= moment) as due
      from (
        select job.attempts, job.scheduled_for
        from public.background_jobs as job
        where job.job_type = known.job_type and job.status = 'pending' and not job.isolated
        limit exact_up_to + 1
      ) as each
    ) as counted
    left join estimated on estimated.job_type = known.job_type
    left join leased on leased.job_type = known.job_type
    left join alone on alone.job_type = known.job_type;
end
$$;
comment on function queue_private.count_many_active_jobs is 'The active jobs of each type of a long queue.';
revoke all on function queue_private.count_many_active_jobs from public, anon, authenticated;
grant execute on function queue_private.count_many_active_jobs to service_role;
