-- diagnose_server: what hurts a queue in Postgres itself: an old transaction, settings, dead rows.
-- Works before the migrations too. Caller: diagnose. Locks: none.
-- fsync and the like are not looked at: a hosted project cannot change them, and a database of tests wants them off.
create or replace function queue_private.diagnose_server()
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  oldest jsonb := queue_private.oldest_transaction(statement_timestamp());
begin
  return query
  select 'old_transaction', case when (oldest ->> 'open_seconds')::integer >= 3600 then 'high' else 'medium' end,
    'pid ' || (oldest ->> 'pid'),
    format('a transaction of %s has been open for %s seconds (%s): dead rows stay, and each claim walks over them',
      oldest ->> 'role', oldest ->> 'open_seconds', oldest ->> 'state'),
    format('select pg_terminate_backend(%s);', oldest ->> 'pid')
  where (oldest ->> 'open_seconds')::integer >= 300
  union all
  select 'setting_hurts', setting.severity, setting.name, format('%s is %s: %s', setting.name, current_setting(setting.name), setting.why),
    setting.mend
  from (values
    ('autovacuum', 'off', 'critical', 'dead rows are never cleared away, and claims slow down without end',
      'alter system set autovacuum = on; select pg_reload_conf();'),
    ('track_counts', 'off', 'critical', 'autovacuum does not know what to do',
      'alter system set track_counts = on; select pg_reload_conf();'),
    ('default_transaction_read_only', 'on', 'critical', 'nothing can be written; Supabase does this when the disk is full',
      '-- Enlarge the disk, then: alter database postgres reset default_transaction_read_only;'),
    ('session_replication_role', 'replica', 'critical', 'triggers do not fire: likes are not counted',
      'alter role service_role reset session_replication_role;'),
    ('synchronous_commit', 'off', 'medium', 'a crash forgets jobs that were answered as enqueued',
      format('alter database %I reset synchronous_commit;', current_database()))
  ) as setting (name, bad, severity, why, mend)
  where current_setting(setting.name) = setting.bad
  union all
  select 'setting_hurts', 'high', 'default_transaction_isolation', format(
      'transactions are %s by default: counts are exact under read committed', current_setting('default_transaction_isolation')),
    format('alter database %I reset default_transaction_isolation;', current_database())
  where current_setting('default_transaction_isolation') <> 'read committed'
  union all
  -- What PostgREST applies: of the role that it logs in as, of the role that it becomes, and of the database.
  select 'timeout_too_low', 'high', coalesce(role.rolname, 'database'), format(
      'statement_timeout is %s: the worker''s calls may take 3 seconds', split_part(setting.item, '=', 2)),
    case when role.rolname is null then format('alter database %I reset statement_timeout;', current_database())
      else format('alter role %I set statement_timeout = ''8s'';', role.rolname) end
  from pg_catalog.pg_db_role_setting as configured
  cross join lateral unnest(configured.setconfig) as setting (item)
  left join pg_catalog.pg_roles as role on role.oid = configured.setrole
  where (role.rolname in ('service_role', 'authenticator') or configured.setrole = 0)
    and configured.setdatabase in (0, (select d.oid from pg_catalog.pg_database as d where d.datname = current_database()))
    and setting.item like 'statement\_timeout=%'
    and extract(epoch from case when split_part(setting.item, '=', 2) ~ '^\d+$'
      then split_part(setting.item, '=', 2) || 'ms' else replace(split_part(setting.item, '=', 2), 'min', 'minutes')
    end::interval) between 0.001 and 2.999
  union all
  select 'table_not_vacuumed', 'high', n.nspname || '.' || c.relname, 'autovacuum is off for this table',
    format('alter table %I.%I reset (autovacuum_enabled);', n.nspname, c.relname)
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname in ('public', 'queue_private') and 'autovacuum_enabled=false' = any (
    select lower(replace(replace(each.item, '=off', '=false'), '=0', '=false')) from unnest(c.reloptions) as each (item)
  )
  union all
  select 'dead_rows', 'medium', stats.schemaname || '.' || stats.relname,
    format('%s dead rows beside %s: claims walk over them', stats.n_dead_tup,
      case stats.n_live_tup when 1 then '1 live one' else stats.n_live_tup || ' live ones' end),
    format('vacuum (analyze) %I.%I; -- an old transaction keeps them: end it first', stats.schemaname, stats.relname)
  from pg_catalog.pg_stat_user_tables as stats
  where stats.schemaname = 'public'
    and stats.relname in ('background_jobs', 'job_history', 'worker_runs', 'post_ratings', 'posts_new')
    and stats.n_dead_tup > greatest(100000, stats.n_live_tup);
end
$$;
comment on function queue_private.diagnose_server is 'What hurts a queue in Postgres itself.';
revoke all on function queue_private.diagnose_server from public, anon, authenticated;
grant execute on function queue_private.diagnose_server to service_role;
