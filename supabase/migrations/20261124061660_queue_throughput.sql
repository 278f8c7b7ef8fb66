-- Throughput: how many jobs ended in each slot of time, oldest slot first, empty slots included. Caller: queue_stats.
-- From the tallies, so job_history may be of any length and pruned. Locks: none.

-- queue_throughput: the last 60 minutes.
create or replace function queue_private.queue_throughput(moment timestamptz)
returns table (minute timestamptz, completed bigint, dead bigint, discarded bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  last_minute timestamptz := date_bin('1 minute', moment, 'epoch');
begin
  return query
    with ended as (
      select
        each.minute,
        sum(each.jobs) filter (where each.status = 'completed') as completed,
        sum(each.jobs) filter (where each.status = 'dead') as dead,
        sum(each.jobs) filter (where each.status = 'discarded') as discarded
      from queue_private.job_tally_minutes as each
      where each.minute >= last_minute - interval '59 minutes'
      group by each.minute
    )
    select
      slot.minute, coalesce(ended.completed, 0)::bigint, coalesce(ended.dead, 0)::bigint,
      coalesce(ended.discarded, 0)::bigint
    from generate_series(last_minute - interval '59 minutes', last_minute, interval '1 minute') as slot (minute)
    left join ended on ended.minute = slot.minute
    order by slot.minute;
end
$$;
comment on function queue_private.queue_throughput is 'What ended in each of the last 60 minutes.';
revoke all on function queue_private.queue_throughput from public, anon, authenticated;
grant execute on function queue_private.queue_throughput to service_role;

-- queue_throughput_by_hour: the last 168 hours, which is a week. Hours begin as those of UTC do.
create or replace function queue_private.queue_throughput_by_hour(moment timestamptz)
returns table (hour timestamptz, completed bigint, dead bigint, discarded bigint)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  last_hour timestamptz := date_bin('1 hour', moment, 'epoch');
begin
  return query
    with ended as (
      select
        each.hour,
        sum(each.jobs) filter (where each.status = 'completed') as completed,
        sum(each.jobs) filter (where each.status = 'dead') as dead,
        sum(each.jobs) filter (where each.status = 'discarded') as discarded
      from (
        select tally.starts_at, tally.status, tally.jobs
        from queue_private.job_tallies as tally
        where tally.grain = 'hour' and tally.starts_at >= last_hour - interval '167 hours'
        union all
        select date_bin('1 hour', delta.minute, 'epoch'), delta.status, delta.jobs
        from queue_private.job_tally_deltas as delta
      ) as each (hour, status, jobs)
      group by each.hour
    )
    select
      slot.hour, coalesce(ended.completed, 0)::bigint, coalesce(ended.dead, 0)::bigint,
      coalesce(ended.discarded, 0)::bigint
    from generate_series(last_hour - interval '167 hours', last_hour, interval '1 hour') as slot (hour)
    left join ended on ended.hour = slot.hour
    order by slot.hour;
end
$$;
comment on function queue_private.queue_throughput_by_hour is 'What ended in each of the last 168 hours.';
revoke all on function queue_private.queue_throughput_by_hour from public, anon, authenticated;
grant execute on function queue_private.queue_throughput_by_hour to service_role;
