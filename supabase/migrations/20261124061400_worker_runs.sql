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
  constraint worker_runs_trigger_is_known check (trigger in ('cron', 'manual')),
  constraint worker_runs_finished_says_why check ((finished_at is null) = (stop_reason is null)),
  constraint worker_runs_stop_reason_is_known check (stop_reason in ('empty', 'budget', 'limit', 'error'))
);
-- What the deployed code can do: queue_health names the types that it leaves waiting.
alter table public.worker_runs add column if not exists known_types text[];
comment on table public.worker_runs is 'One row for each worker invocation; finished_at stays null when it was killed.';
-- Serves queue_health, queue_stats and retention.
create index if not exists worker_runs_started_at_idx on public.worker_runs (started_at);
alter table public.worker_runs enable row level security;
revoke all on table public.worker_runs from public, anon, authenticated;
revoke all on sequence public.worker_runs_id_seq from public, anon, authenticated;
grant select, insert, update, delete on table public.worker_runs to service_role;

-- start_worker_run: records the start. Returns {"run_id", "isolated_types"}: the types of the isolated
-- jobs that are due, for which the worker keeps time back. known_types are the types that the worker has handlers for, also
-- such as the database does not know yet. Merges the tallies, which only grow between two runs.
-- Locks: see compact_job_tallies. Safe to repeat: it records another run.
-- squawk-ignore ban-drop-function
drop function if exists public.start_worker_run(text, text, integer);
create or replace function public.start_worker_run(
  worker_id text, trigger text, budget_ms integer, known_types text[] default null
) returns jsonb
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  types public.job_type[] := queue_private.claimable_job_types(null);
  run_id bigint;
begin
  insert into public.worker_runs as run (worker_id, trigger, budget_ms, known_types)
  values (
    start_worker_run.worker_id, start_worker_run.trigger, start_worker_run.budget_ms, start_worker_run.known_types
  )
  returning run.id into run_id;
  perform queue_private.compact_job_tallies();
  return jsonb_build_object(
    'run_id', run_id,
    'isolated_types', (
      select coalesce(jsonb_agg(distinct job.job_type), '[]')
      from public.background_jobs as job
      where job.status = 'pending' and job.isolated and job.scheduled_for <= clock_timestamp()
        and job.job_type = any (types)
    )
  );
end
$$;
comment on function public.start_worker_run is 'Record that a worker invocation started.';
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
