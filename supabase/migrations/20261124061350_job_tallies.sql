-- Tallies: how many jobs ended, by minute, type and status, so that no statistic has to count job_history, which may
-- hold millions of rows and is pruned. Caller: triggers on job_history. Read by queue_stats, queue_health and
-- queue_counters; merged by compact_job_tallies.
--
-- Each statement that ends jobs adds a row for each minute, type and status to job_tally_deltas. Nobody updates a row
-- here, so two workers never wait for one another. The table has no index: it is short, because each run of the worker
-- merges it into job_tallies. What ended is the sum over both.
-- Locks: none but the new rows' own. Safe to repeat: a settle that is repeated ends nothing again.

-- Histograms are cumulative: element i counts the jobs of at most that many milliseconds, the last one counts all.
-- The same bounds for durations and waits; the triggers below have them too, and a test compares the two.
create or replace function queue_private.histogram_bounds_ms() returns bigint[]
language sql immutable parallel safe
set search_path = ''
as $$
  select array[5, 25, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 3600000]::bigint[]
$$;
comment on function queue_private.histogram_bounds_ms() is 'Upper bounds of the buckets, in milliseconds.';
revoke all on function queue_private.histogram_bounds_ms() from public, anon, authenticated;
grant execute on function queue_private.histogram_bounds_ms() to service_role;

create table if not exists queue_private.job_tally_deltas (
  minute timestamptz not null,
  job_type public.job_type not null,
  status public.job_status not null,
  jobs bigint not null,
  attempts bigint not null,
  duration_ms bigint not null,
  waited_ms bigint not null,
  durations bigint[] not null,
  waits bigint[] not null
);
comment on table queue_private.job_tally_deltas is 'What each statement added to the tallies, not merged yet.';
comment on column queue_private.job_tally_deltas.jobs is 'Negative where a row of the history became another status.';
alter table queue_private.job_tally_deltas set (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0
);

-- grain minute is kept for 26 hours, grain hour for 8 days, grain total for ever: it never falls.
create table if not exists queue_private.job_tallies (
  grain text not null,
  starts_at timestamptz not null,
  job_type public.job_type not null,
  status public.job_status not null,
  jobs bigint not null,
  attempts bigint not null,
  duration_ms bigint not null,
  waited_ms bigint not null,
  durations bigint[] not null,
  waits bigint[] not null,
  primary key (grain, starts_at, job_type, status),
  constraint job_tallies_grain_is_known check (grain in ('minute', 'hour', 'total'))
) with (fillfactor = 70);
comment on table queue_private.job_tallies is 'Ended jobs by type and status: of a minute, of an hour, and since the beginning.';

-- A publication of all tables, as replication services make one, would refuse to delete rows that nothing names.
do $$
begin
  if exists (
    select from pg_catalog.pg_class as c where c.oid = 'queue_private.job_tally_deltas'::regclass and c.relreplident <> 'f'
  ) then
    alter table queue_private.job_tally_deltas replica identity full;
  end if;
end
$$;
alter table queue_private.job_tally_deltas enable row level security;
alter table queue_private.job_tallies enable row level security;
revoke all on table queue_private.job_tally_deltas, queue_private.job_tallies from public, anon, authenticated;
grant select, insert, delete on table queue_private.job_tally_deltas to service_role;
grant select, insert, update, delete on table queue_private.job_tallies to service_role;

-- tally_ended_jobs: after a statement that added rows to job_history. One row for each minute, type and status.
create or replace function queue_private.tally_ended_jobs() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into queue_private.job_tally_deltas
    (minute, job_type, status, jobs, attempts, duration_ms, waited_ms, durations, waits)
  select
    date_bin('1 minute', ended.completed_at, 'epoch'), ended.job_type, ended.status,
    count(*), sum(ended.attempts), coalesce(sum(ended.duration_ms), 0), coalesce(sum(ended.waited_ms), 0),
    array[
        count(*) filter (where ended.duration_ms <= 5),
        count(*) filter (where ended.duration_ms <= 25),
        count(*) filter (where ended.duration_ms <= 100),
        count(*) filter (where ended.duration_ms <= 250),
        count(*) filter (where ended.duration_ms <= 500),
        count(*) filter (where ended.duration_ms <= 1000),
        count(*) filter (where ended.duration_ms <= 2500),
        count(*) filter (where ended.duration_ms <= 5000),
        count(*) filter (where ended.duration_ms <= 10000),
        count(*) filter (where ended.duration_ms <= 30000),
        count(*) filter (where ended.duration_ms <= 60000),
        count(*) filter (where ended.duration_ms <= 300000),
        count(*) filter (where ended.duration_ms <= 3600000),
        count(ended.duration_ms)
      ],
    array[
        count(*) filter (where ended.waited_ms <= 5),
        count(*) filter (where ended.waited_ms <= 25),
        count(*) filter (where ended.waited_ms <= 100),
        count(*) filter (where ended.waited_ms <= 250),
        count(*) filter (where ended.waited_ms <= 500),
        count(*) filter (where ended.waited_ms <= 1000),
        count(*) filter (where ended.waited_ms <= 2500),
        count(*) filter (where ended.waited_ms <= 5000),
        count(*) filter (where ended.waited_ms <= 10000),
        count(*) filter (where ended.waited_ms <= 30000),
        count(*) filter (where ended.waited_ms <= 60000),
        count(*) filter (where ended.waited_ms <= 300000),
        count(*) filter (where ended.waited_ms <= 3600000),
        count(ended.waited_ms)
      ]
  from ended_rows as ended
  group by 1, 2, 3;
  return null;
end
$$;
comment on function queue_private.tally_ended_jobs is 'Count the jobs that a statement ended.';
revoke all on function queue_private.tally_ended_jobs from public, anon, authenticated;

-- tally_changed_jobs: after a statement that changed rows of job_history, for example dead jobs that an operator
-- discarded. What is no longer so is taken away, what is so now is added; a change of other columns cancels out.
create or replace function queue_private.tally_changed_jobs() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into queue_private.job_tally_deltas
    (minute, job_type, status, jobs, attempts, duration_ms, waited_ms, durations, waits)
  select
    date_bin('1 minute', change.completed_at, 'epoch'), change.job_type, change.status,
    sum(change.sign), sum(change.sign * change.attempts),
    coalesce(sum(change.sign * change.duration_ms), 0), coalesce(sum(change.sign * change.waited_ms), 0),
    array[
        coalesce(sum(change.sign) filter (where change.duration_ms <= 5), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 25), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 100), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 250), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 500), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 1000), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 2500), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 5000), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 10000), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 30000), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 60000), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 300000), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms <= 3600000), 0),
        coalesce(sum(change.sign) filter (where change.duration_ms is not null), 0)
      ]::bigint[],
    array[
        coalesce(sum(change.sign) filter (where change.waited_ms <= 5), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 25), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 100), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 250), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 500), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 1000), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 2500), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 5000), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 10000), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 30000), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 60000), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 300000), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms <= 3600000), 0),
        coalesce(sum(change.sign) filter (where change.waited_ms is not null), 0)
      ]::bigint[]
  from (
    select -1 as sign, o.completed_at, o.job_type, o.status, o.attempts, o.duration_ms, o.waited_ms from old_rows as o
    union all
    select 1, n.completed_at, n.job_type, n.status, n.attempts, n.duration_ms, n.waited_ms from new_rows as n
  ) as change
  group by 1, 2, 3
  having sum(change.sign) <> 0;
  return null;
end
$$;
comment on function queue_private.tally_changed_jobs is 'Keep the tallies true when an ended job becomes another status.';
revoke all on function queue_private.tally_changed_jobs from public, anon, authenticated;

create or replace trigger job_history_tally_insert after insert on public.job_history
  referencing new table as ended_rows for each statement execute function queue_private.tally_ended_jobs();
create or replace trigger job_history_tally_update after update on public.job_history
  referencing old table as old_rows new table as new_rows
  for each statement execute function queue_private.tally_changed_jobs();
