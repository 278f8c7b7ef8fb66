-- worker_run_stats: what the ledger says of the last hour, and of the last run whenever that was. Caller: queue_stats.
-- A gap of more than 90 seconds between two starts, or since the last one, is a missed tick; a start before an earlier run's
-- end is an overlap; a run without an end after a minute was killed. Before the very first run no tick counts as missed.
-- A run that the limit refused did not run: it is among the stop_reasons only.
-- budget_used is the share of their time that the ended runs of the hour used: near 1, one run a minute is not enough.
-- Locks: none.
create or replace function queue_private.worker_run_stats(moment timestamptz) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  hour_begins timestamptz := moment - interval '1 hour';
  missed bigint;
  stop_reasons jsonb;
  last_finished_at timestamptz;
  latest public.worker_runs;
begin
  with starts as (
    select run.started_at as began from public.worker_runs as run where run.started_at > hour_begins
    union all
    select moment
    union all
    -- A gap that began before the hour counts from its beginning on.
    select hour_begins
    where exists (select from public.worker_runs as run where run.started_at <= hour_begins)
  ), gaps as (
    select extract(epoch from starts.began - lag(starts.began) over (order by starts.began)) as seconds from starts
  )
  select coalesce(sum(round(gaps.seconds / 60) - 1), 0) into missed from gaps where gaps.seconds > 90;

  select coalesce(jsonb_object_agg(each.stop_reason, each.runs), '{}') into stop_reasons
  from (
    select run.stop_reason, count(*) as runs
    from public.worker_runs as run
    where run.started_at > hour_begins and run.stop_reason is not null
    group by run.stop_reason
  ) as each;

  select run.* into latest from public.worker_runs as run order by run.started_at desc limit 1;
  -- A run has its end within minutes of its start: the last end is among the last starts.
  select max(run.finished_at) into last_finished_at
  from (
    select each.finished_at from public.worker_runs as each order by each.started_at desc limit 1000
  ) as run;

  return (
    with recent as (
      select
        run.started_at,
        run.finished_at,
        run.budget_ms,
        max(coalesce(run.finished_at, run.started_at + make_interval(secs => run.budget_ms / 1000.0)))
          over (order by run.started_at rows between unbounded preceding and 1 preceding) as busy_until
      from public.worker_runs as run
      where run.started_at > hour_begins and run.stop_reason is distinct from 'limit'
    )
    select jsonb_build_object(
      'last_hour', count(*),
      'killed', count(*) filter (
        where recent.finished_at is null and recent.started_at < moment - interval '1 minute'
      ),
      'overlapping', count(*) filter (where recent.started_at < recent.busy_until),
      'missed', missed,
      'stop_reasons', stop_reasons,
      'budget_used', round(
        sum(extract(epoch from recent.finished_at - recent.started_at) * 1000)
        / nullif(sum(recent.budget_ms) filter (where recent.finished_at is not null), 0), 4
      ),
      'last_started_at', latest.started_at,
      'last_finished_at', last_finished_at,
      'last', case when latest.id is not null then to_jsonb(latest) end
    )
    from recent
  );
end
$$;
comment on function queue_private.worker_run_stats is 'What the ledger of runs says of the last hour.';
revoke all on function queue_private.worker_run_stats from public, anon, authenticated;
grant execute on function queue_private.worker_run_stats to service_role;
