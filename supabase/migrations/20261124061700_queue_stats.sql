-- queue_stats: the queue in numbers. Caller: /api/admin/queue/stats and /metrics.
-- Aggregates in the database, never a listing: PostgREST would cut that at 1,000 rows. One snapshot: the numbers agree.
-- What ended comes from the tallies, so its cost does not grow with the history. What is pending is counted up to 100,000
-- jobs; above that it is an estimate for the types that have many, and pending_is_estimate says so.
-- failed counts the pending jobs that wait for a retry, so pending includes them.
-- forecast_seconds: when the backlog is gone at the present rates; null is never. Locks: none.

-- queue_stats_by_type: one row for each job type, active jobs and the last 24 hours.
create or replace function queue_private.queue_stats_by_type(moment timestamptz)
returns table (
  job_type public.job_type, pending bigint, processing bigint, failed bigint, due bigint,
  scheduled bigint, stuck bigint, isolated bigint, oldest_due_seconds bigint, paused boolean,
  completed_last_24h bigint, dead_last_24h bigint, discarded_last_24h bigint, cancelled_last_24h bigint,
  average_ms_last_24h bigint, duration_ms_last_24h jsonb, waiting_ms_last_24h jsonb,
  error_rate_last_24h double precision, pending_is_estimate boolean
)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  nothing constant jsonb := '{"p50": null, "p95": null, "p99": null}';
begin
  return query
    select
      known.job_type,
      coalesce(active.pending, 0),
      coalesce(active.processing, 0),
      coalesce(active.failed, 0),
      coalesce(active.due, 0),
      coalesce(active.pending - active.due, 0),
      coalesce(active.stuck, 0),
      coalesce(active.isolated, 0),
      floor(extract(epoch from moment - oldest.due_since))::bigint,
      exists (
        select from queue_private.paused_job_types as paused where paused.job_type = known.job_type
      ),
      coalesce(ended.completed, 0),
      coalesce(ended.dead, 0),
      coalesce(ended.discarded, 0),
      coalesce(ended.cancelled, 0),
      ended.average_ms,
      coalesce(ended.duration_ms, nothing),
      coalesce(ended.waiting_ms, nothing),
      ended.error_rate,
      coalesce(active.pending_is_estimate, false)
    from unnest(enum_range(null::public.job_type)) as known (job_type)
    left join queue_private.count_active_jobs(moment) as active on active.job_type = known.job_type
    left join queue_private.ended_job_stats(moment) as ended on ended.job_type = known.job_type
    left join queue_private.oldest_due_jobs(moment) as oldest on oldest.job_type = known.job_type
    order by known.job_type;
end
$$;
comment on function queue_private.queue_stats_by_type is 'The numbers of each job type.';
revoke all on function queue_private.queue_stats_by_type from public, anon, authenticated;
grant execute on function queue_private.queue_stats_by_type to service_role;

create or replace function public.queue_stats() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  moment timestamptz := statement_timestamp();
  types jsonb;
  waiting bigint;
  rates record;
begin
  select * into rates
  from queue_private.queue_rates(moment, queue_private.claimable_job_types(null));
  types := (
    select jsonb_agg(to_jsonb(each) order by each.job_type)
    from queue_private.queue_stats_by_type(moment) as each
  );
  select coalesce(sum(each.due) filter (where not each.paused), 0) into waiting
  from jsonb_to_recordset(types) as each (due bigint, paused boolean);
  return (
    select jsonb_build_object(
      'pending', sum(each.pending)::bigint,
      'pending_is_estimate', bool_or(each.pending_is_estimate),
      'processing', sum(each.processing)::bigint,
      'failed', sum(each.failed)::bigint,
      'by_type', coalesce(
        jsonb_object_agg(each.job_type, each.pending + each.processing)
          filter (where each.pending + each.processing > 0),
        '{}'
      ),
      'due', sum(each.due)::bigint,
      'scheduled', sum(each.scheduled)::bigint,
      'stuck', sum(each.stuck)::bigint,
      'dead_last_24h', sum(each.dead_last_24h)::bigint,
      'oldest_due_seconds', max(each.oldest_due_seconds)
    )
    from jsonb_to_recordset(types) as each (
      job_type text, pending bigint, processing bigint, failed bigint, due bigint, scheduled bigint, stuck bigint,
      dead_last_24h bigint, oldest_due_seconds bigint, pending_is_estimate boolean
    )
  ) || jsonb_build_object(
    'types', types,
    'throughput', (
      select jsonb_agg(to_jsonb(slot) order by slot.minute) from queue_private.queue_throughput(moment) as slot
    ),
    'throughput_by_hour', (
      select jsonb_agg(to_jsonb(slot) order by slot.hour)
      from queue_private.queue_throughput_by_hour(moment) as slot
    ),
    'runs', queue_private.worker_run_stats(moment),
    'schedules', queue_private.schedule_stats(),
    'likes', queue_private.last_like_audit(),
    'given_back', queue_private.jobs_given_back(),
    'oldest_transaction', queue_private.oldest_transaction(moment),
    'rates', jsonb_build_object(
      'arriving_per_minute', round((rates.arriving * 60)::numeric, 2),
      'ending_per_minute', round((rates.ending * 60)::numeric, 2),
      'capacity_per_minute', round((rates.capacity * 60)::numeric, 2)
    ),
    'forecast_seconds', case
      when waiting = 0 then 0
      when rates.capacity > rates.arriving then ceil(waiting / (rates.capacity - rates.arriving))
    end,
    'generated_at', moment
  );
end
$$;
comment on function public.queue_stats is 'The queue in numbers.';
revoke all on function public.queue_stats from public, anon, authenticated;
grant execute on function public.queue_stats to service_role;
