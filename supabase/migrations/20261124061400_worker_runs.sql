-- worker_runs: the ledger of worker invocations. Vercel may deliver a cron tick twice, late,
-- overlapping or never, and may kill an invocation: the ledger shows it.
-- Caller: the worker, at the start and at the end of a run.

create table if not exists public.worker_runs (
  id bigint generated always as identity primary key,
  worker_id text not null,
  trigger text not null,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  budget_ms integer not null,
  counts jsonb not null default '{}',
  stop_reason text,
  started_by bigint,
  hops integer not null default 0,
  constraint worker_runs_trigger_is_known check (trigger in ('cron', 'manual', 'handover', 'fanout')),
  constraint worker_runs_finished_says_why check ((finished_at is null) = (stop_reason is null)),
  constraint worker_runs_stop_reason_is_known check (stop_reason in ('empty', 'budget', 'limit', 'error')),
  -- As in queue_private.job_payload: Python must be able to read it.
  constraint worker_runs_counts_at_most_64_deep check (not jsonb_path_exists(counts, '$.**{64 to last}')),
  constraint worker_runs_counts_numbers_below_1e308 check (
    counts::text !~ '([0-9]{103}){3}' or not jsonb_path_exists(counts, '$.** ? (@ > 1e308 || @ < -1e308)')
  )
);
-- What the deployed code can do: queue_health names the types that it leaves waiting.
alter table public.worker_runs add column if not exists known_types text[];
comment on table public.worker_runs is 'One row for each worker invocation; finished_at stays null when it was killed.';
comment on column public.worker_runs.started_by is 'The run that handed over to this one, or woke it; null for cron and manual.';
comment on column public.worker_runs.hops is 'How many runs lie between this one and the cron tick or the person that began the chain.';
-- Serves queue_health, queue_stats and retention.
create index if not exists worker_runs_started_at_idx on public.worker_runs (started_at);
-- Serves storage_refusals. Few rows: runs that stored files, or could not.
create index if not exists worker_runs_storage_idx on public.worker_runs (started_at)
  where counts ?| array['storage_taken', 'storage_refused'];
alter table public.worker_runs enable row level security;
revoke all on table public.worker_runs from public, anon, authenticated;
revoke all on sequence public.worker_runs_id_seq from public, anon, authenticated;
grant select, insert, update, delete on table public.worker_runs to service_role;

-- runs_under_way: how many runs have started and not ended. A killed run never ends, so each counts for as long as the
-- platform lets it live: its budget and two seconds. Caller: start_worker_run, wake_worker. Locks: none.
create or replace function queue_private.runs_under_way(moment timestamptz, except_run bigint default null)
returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select count(*)
    from public.worker_runs as run
    -- No function lives longer: it bounds the scan.
    where run.started_at > moment - interval '15 minutes'
      and run.started_at > moment - make_interval(secs => run.budget_ms / 1000.0 + 2)
      and run.finished_at is null
      and run.id is distinct from except_run
  );
end
$$;
comment on function queue_private.runs_under_way is 'How many runs have started and not ended.';
revoke all on function queue_private.runs_under_way from public, anon, authenticated;
grant execute on function queue_private.runs_under_way to service_role;

-- start_worker_run: records the start. Returns {"run_id", "may_run", "hops", "runs_under_way", "isolated_types",
-- "unknown_types"}: how many others are under way, the types of the isolated jobs that are due, for which the worker keeps
-- time back, and those of known_types that the database does not know yet, which no claim may name.
-- known_types are the types that the worker has handlers for.
-- started_by is the run that called this one. max_runs: with so many others under way this run may not work (may_run is
-- false); it is recorded as one that ended on the limit. Nor may a second successor of one run. Null is no limit: what the
-- cron or a person starts always works, so lost runs can never lock the queue up.
-- Merges the tallies, which only grow between two runs.
-- Locks: where max_runs is given, one advisory lock, so that two who start at once see one another; else see
-- compact_job_tallies. Safe to repeat: it records another run.
-- squawk-ignore ban-drop-function
drop function if exists public.start_worker_run(text, text, integer);
-- squawk-ignore ban-drop-function
drop function if exists public.start_worker_run(text, text, integer, text[]);
create or replace function public.start_worker_run(
  worker_id text, trigger text, budget_ms integer, known_types text[] default null,
  started_by bigint default null, max_runs integer default null
) returns jsonb
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  types public.job_type[] := queue_private.claimable_job_types(null);
  others bigint;
  may_run boolean;
  moment timestamptz;
  started public.worker_runs;
begin
  if max_runs is not null then
    perform pg_advisory_xact_lock(hashtextextended('suplatzigram: start_worker_run', 0));
  end if;
  moment := clock_timestamp();
  -- A run that hands over is about to end.
  others := queue_private.runs_under_way(
    moment, case when start_worker_run.trigger = 'handover' then start_worker_run.started_by end
  );
  may_run := max_runs is null or others < max_runs and not (
    start_worker_run.trigger = 'handover' and exists (
      select from public.worker_runs as run
      where run.started_at > moment - interval '15 minutes'
        and run.started_by = start_worker_run.started_by and run.trigger = 'handover'
        and run.stop_reason is distinct from 'limit'
    )
  );
  insert into public.worker_runs as run (
    worker_id, trigger, budget_ms, known_types, started_by, hops, started_at, finished_at, stop_reason
  )
  values (
    start_worker_run.worker_id, start_worker_run.trigger, start_worker_run.budget_ms, start_worker_run.known_types,
    start_worker_run.started_by,
    coalesce((select caller.hops + 1 from public.worker_runs as caller where caller.id = start_worker_run.started_by), 0),
    moment, case when not may_run then moment end, case when not may_run then 'limit' end
  )
  returning run.* into started;
  if may_run then
    perform queue_private.compact_job_tallies();
  end if;
  return jsonb_build_object(
    'run_id', started.id,
    'may_run', may_run,
    'hops', started.hops,
    'runs_under_way', others,
    'isolated_types', (
      select coalesce(jsonb_agg(distinct job.job_type), '[]')
      from public.background_jobs as job
      where job.status = 'pending' and job.isolated and job.scheduled_for <= clock_timestamp()
        and job.job_type = any (types)
    ),
    'unknown_types', (
      select coalesce(jsonb_agg(known.name order by known.name), '[]')
      from unnest(start_worker_run.known_types) as known (name)
      where known.name <> all (enum_range(null::public.job_type)::text[])
    )
  );
end
$$;
comment on function public.start_worker_run is 'Record that a worker invocation started, and say whether it may work.';
revoke all on function public.start_worker_run from public, anon, authenticated;
grant execute on function public.start_worker_run to service_role;

-- finish_worker_run: records the end, once. True when this call did.
create or replace function public.finish_worker_run(run_id bigint, stop_reason text, counts jsonb)
returns boolean
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  update public.worker_runs as run
  set finished_at = clock_timestamp(),
    stop_reason = finish_worker_run.stop_reason,
    counts = coalesce(finish_worker_run.counts, '{}')
  where run.id = finish_worker_run.run_id and run.finished_at is null;
  return found;
end
$$;
comment on function public.finish_worker_run is 'Record how a worker invocation ended.';
revoke all on function public.finish_worker_run from public, anon, authenticated;
grant execute on function public.finish_worker_run to service_role;

-- list_worker_runs: the newest first, a page at a time; before_id is the last id of the page before. Caller:
-- /api/admin/queue/journal. Locks: none. Errors: 22023 an argument.
create or replace function public.list_worker_runs(page_size integer default 50, before_id bigint default null)
returns setof public.worker_runs
language plpgsql stable
set search_path = ''
as $$
begin
  if page_size is null or page_size not between 1 and 1000 then
    raise exception 'page_size must be from 1 to 1000' using errcode = '22023';
  end if;
  return query
    select run.*
    from public.worker_runs as run
    where run.id < coalesce(before_id, 9223372036854775807)
    order by run.id desc
    limit page_size;
end
$$;
comment on function public.list_worker_runs is 'Worker invocations, newest first, a page at a time.';
revoke all on function public.list_worker_runs from public, anon, authenticated;
grant execute on function public.list_worker_runs to service_role;
