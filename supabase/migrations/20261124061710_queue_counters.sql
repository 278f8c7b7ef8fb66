-- queue_counters: how many jobs ended since the beginning, for Prometheus. Caller: /api/admin/queue/metrics.
-- Every type and status has a row, also with zeros: rate() needs a counter from before the first event on. A counter never
-- falls: not when the history is pruned, and not when an operator turns a dead job into a discarded one.
-- Returns {"bounds_ms": [...], "counters": [{job_type, status, jobs, attempts, duration_ms, waited_ms, durations, waits}]};
-- durations and waits are cumulative histograms: element i counts those of at most bounds_ms[i], the last one all.
-- Locks: none.
create or replace function public.queue_counters() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'bounds_ms', queue_private.histogram_bounds_ms(),
    'counters', (
      select jsonb_agg(to_jsonb(counted) order by counted.job_type, counted.status)
      from (
        select
          of_type.job_type, of_status.status,
          coalesce(sum(each.jobs), 0)::bigint as jobs,
          coalesce(sum(each.attempts), 0)::bigint as attempts,
          coalesce(sum(each.duration_ms), 0)::bigint as duration_ms,
          coalesce(sum(each.waited_ms), 0)::bigint as waited_ms,
        array[
          coalesce(sum(each.durations[1]), 0), coalesce(sum(each.durations[2]), 0),
          coalesce(sum(each.durations[3]), 0), coalesce(sum(each.durations[4]), 0),
          coalesce(sum(each.durations[5]), 0), coalesce(sum(each.durations[6]), 0),
          coalesce(sum(each.durations[7]), 0), coalesce(sum(each.durations[8]), 0),
          coalesce(sum(each.durations[9]), 0), coalesce(sum(each.durations[10]), 0),
          coalesce(sum(each.durations[11]), 0), coalesce(sum(each.durations[12]), 0),
          coalesce(sum(each.durations[13]), 0), coalesce(sum(each.durations[14]), 0)
        ]::bigint[] as durations,
        array[
          coalesce(sum(each.waits[1]), 0), coalesce(sum(each.waits[2]), 0),
          coalesce(sum(each.waits[3]), 0), coalesce(sum(each.waits[4]), 0),
          coalesce(sum(each.waits[5]), 0), coalesce(sum(each.waits[6]), 0),
          coalesce(sum(each.waits[7]), 0), coalesce(sum(each.waits[8]), 0),
          coalesce(sum(each.waits[9]), 0), coalesce(sum(each.waits[10]), 0),
          coalesce(sum(each.waits[11]), 0), coalesce(sum(each.waits[12]), 0),
          coalesce(sum(each.waits[13]), 0), coalesce(sum(each.waits[14]), 0)
        ]::bigint[] as waits
        from unnest(enum_range(null::public.job_type)) as of_type (job_type)
        cross join unnest(array['completed', 'dead', 'discarded', 'cancelled']::public.job_status[]) as of_status (status)
        left join queue_private.job_tally_totals as each
          on each.job_type = of_type.job_type and each.status = of_status.status
        group by of_type.job_type, of_status.status
      ) as counted
    )
  );
end
$$;
comment on function public.queue_counters is 'How many jobs ended since the beginning, by type and status.';
revoke all on function public.queue_counters from public, anon, authenticated;
grant execute on function public.queue_counters to service_role;
