-- ended_job_stats: what ended of each type in the last 24 hours, from the beginning of a minute on. Caller: queue_stats.
-- Types of which nothing ended have no row. Durations are of completed jobs, waits of all that a worker ended; both in
-- milliseconds, percentiles read from a histogram. error_rate is the share of attempts that failed, among those of the
-- jobs that a worker ended. Locks: none.
create or replace function queue_private.ended_job_stats(moment timestamptz)
returns table (
  job_type public.job_type, completed bigint, dead bigint, discarded bigint, cancelled bigint, average_ms bigint,
  duration_ms jsonb, waiting_ms jsonb, error_rate double precision
)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    with summed as (
      select
        each.job_type,
        coalesce(sum(each.jobs) filter (where each.status = 'completed'), 0)::bigint as completed,
        coalesce(sum(each.jobs) filter (where each.status = 'dead'), 0)::bigint as dead,
        coalesce(sum(each.jobs) filter (where each.status = 'discarded'), 0)::bigint as discarded,
        coalesce(sum(each.jobs) filter (where each.status = 'cancelled'), 0)::bigint as cancelled,
        sum(each.duration_ms) filter (where each.status = 'completed') as worked_ms,
        sum(each.attempts) filter (where each.status <> 'cancelled') as attempts,
        array[
          sum(each.durations[1]) filter (where each.status = 'completed'),
          sum(each.durations[2]) filter (where each.status = 'completed'),
          sum(each.durations[3]) filter (where each.status = 'completed'),
          sum(each.durations[4]) filter (where each.status = 'completed'),
          sum(each.durations[5]) filter (where each.status = 'completed'),
          sum(each.durations[6]) filter (where each.status = 'completed'),
          sum(each.durations[7]) filter (where each.status = 'completed'),
          sum(each.durations[8]) filter (where each.status = 'completed'),
          sum(each.durations[9]) filter (where each.status = 'completed'),
          sum(each.durations[10]) filter (where each.status = 'completed'),
          sum(each.durations[11]) filter (where each.status = 'completed'),
          sum(each.durations[12]) filter (where each.status = 'completed'),
          sum(each.durations[13]) filter (where each.status = 'completed'),
          sum(each.durations[14]) filter (where each.status = 'completed')
        ]::bigint[] as durations,
        array[
          sum(each.waits[1]) filter (where each.status <> 'cancelled'),
          sum(each.waits[2]) filter (where each.status <> 'cancelled'),
          sum(each.waits[3]) filter (where each.status <> 'cancelled'),
          sum(each.waits[4]) filter (where each.status <> 'cancelled'),
          sum(each.waits[5]) filter (where each.status <> 'cancelled'),
          sum(each.waits[6]) filter (where each.status <> 'cancelled'),
          sum(each.waits[7]) filter (where each.status <> 'cancelled'),
          sum(each.waits[8]) filter (where each.status <> 'cancelled'),
          sum(each.waits[9]) filter (where each.status <> 'cancelled'),
          sum(each.waits[10]) filter (where each.status <> 'cancelled'),
          sum(each.waits[11]) filter (where each.status <> 'cancelled'),
          sum(each.waits[12]) filter (where each.status <> 'cancelled'),
          sum(each.waits[13]) filter (where each.status <> 'cancelled'),
          sum(each.waits[14]) filter (where each.status <> 'cancelled')
        ]::bigint[] as waits
      from queue_private.job_tally_minutes as each
      where each.minute >= queue_private.day_begins(moment)
      group by each.job_type
    )
    select
      summed.job_type, summed.completed, summed.dead, summed.discarded, summed.cancelled,
      round(summed.worked_ms / nullif(summed.completed, 0))::bigint,
      jsonb_build_object(
        'p50', queue_private.histogram_quantile(summed.durations, 0.5),
        'p95', queue_private.histogram_quantile(summed.durations, 0.95),
        'p99', queue_private.histogram_quantile(summed.durations, 0.99)
      ),
      jsonb_build_object(
        'p50', queue_private.histogram_quantile(summed.waits, 0.5),
        'p95', queue_private.histogram_quantile(summed.waits, 0.95),
        'p99', queue_private.histogram_quantile(summed.waits, 0.99)
      ),
      greatest(0, round(1 - (summed.completed + summed.discarded) / nullif(summed.attempts, 0), 4))::double precision
    from summed;
end
$$;
comment on function queue_private.ended_job_stats is 'What ended of each type in the last 24 hours.';
revoke all on function queue_private.ended_job_stats from public, anon, authenticated;
grant execute on function queue_private.ended_job_stats to service_role;

-- day_begins: from when on something happened "in the last 24 hours": the tallies know whole minutes, so up to 59 seconds
-- more count. Caller: queue_stats and queue_health, which so agree.
create or replace function queue_private.day_begins(moment timestamptz) returns timestamptz
language sql immutable parallel safe
set search_path = ''
as $$
  select date_bin('1 minute', moment - interval '24 hours', 'epoch')
$$;
comment on function queue_private.day_begins is 'The beginning of the minute 24 hours ago.';
revoke all on function queue_private.day_begins from public, anon, authenticated;
grant execute on function queue_private.day_begins to service_role;
