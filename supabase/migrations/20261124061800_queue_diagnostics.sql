-- queue_diagnostics: what an operator looks at when something is wrong. Callers: /api/admin/queue/diagnostics, operators.
-- Findings, each with what mends it, the worst first; sizes, dead rows and vacuums of the queue's tables, paused types,
-- schedules and their errors; which migrations this database has, by their digests. Read-only. Bounded: of a table of the
-- app's at most 200,000 rows are read.
create or replace function public.queue_diagnostics() returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  expected jsonb := queue_private.expected_schema();
begin
  return jsonb_build_object(
    'tables', (
      select jsonb_object_agg(stats.relname, jsonb_build_object(
        'total_bytes', pg_total_relation_size(stats.relid),
        'live_rows', stats.n_live_tup,
        'dead_rows', stats.n_dead_tup,
        'last_autovacuum', stats.last_autovacuum,
        'last_autoanalyze', stats.last_autoanalyze
      ))
      from pg_catalog.pg_stat_user_tables as stats
      where stats.schemaname = 'public'
        and stats.relname in ('background_jobs', 'job_history', 'worker_runs', 'post_ratings', 'posts_new')
    ),
    'isolated_jobs', (select count(*) from public.background_jobs as job where job.isolated),
    'longest_lease_seconds', (
      select ceil(extract(epoch from max(job.lease_expires_at) - statement_timestamp()))
      from public.background_jobs as job where job.status = 'processing'
    ),
    'paused_types', (
      select coalesce(jsonb_agg(paused.job_type order by paused.job_type), '[]')
      from queue_private.paused_job_types as paused
    ),
    'schedules', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', schedule.name,
        'job_type', schedule.job_type,
        'enabled', schedule.enabled,
        'next_run_at', schedule.next_run_at,
        'last_slot', schedule.last_slot,
        'last_error', schedule.last_error
      ) order by schedule.name), '[]')
      from public.job_schedules as schedule
    ),
    'findings', (
      select coalesce(jsonb_agg(to_jsonb(finding) order by
        array_position(array['critical', 'high', 'medium', 'low'], finding.severity), finding.code, finding.subject
      ), '[]')
      from queue_private.diagnose(expected, 200000) as finding
    ),
    'checked', (
      select count(*) from jsonb_each(expected) as kinds cross join lateral jsonb_each_text(kinds.value)
    ),
    'migrations', expected -> 'migration',
    'like_writes', queue_private.like_writes_state(),
    'generated_at', statement_timestamp()
  );
end
$$;
comment on function public.queue_diagnostics is 'Findings with what mends them, sizes, pauses and schedules.';
revoke all on function public.queue_diagnostics from public, anon, authenticated;
grant execute on function public.queue_diagnostics to service_role;
