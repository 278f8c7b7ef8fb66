-- diagnose_relations: indexes, constraints and triggers of the queue's and the app's tables that are there and do not work,
-- and indexes that cost and serve nothing. Works before the migrations too. Caller: diagnose. Locks: none.
create or replace function queue_private.diagnose_relations(expected jsonb)
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
  with looked_at as materialized (
    select c.oid, n.nspname || '.' || c.relname as name
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('public', 'queue_private')
      and (
        expected -> 'table' ? (n.nspname || '.' || c.relname)
        or n.nspname || '.' || c.relname in ('public.posts_new', 'public.post_ratings', 'public.comments')
      )
  ), usable as materialized (
    select i.*, l.name as table_name, n.nspname || '.' || c.relname as index_name, c.relname,
      array(select unnest(i.indkey::smallint[]))::text as keys,
      l.name || '.' || c.relname as fact
    from looked_at as l
    join pg_catalog.pg_index as i on i.indrelid = l.oid
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  )
  select 'index_invalid', 'high', u.index_name, 'the index is not valid: no query uses it, and each write pays for it',
    format('reindex index %s;', u.index_name)
  from usable as u where not u.indisvalid or not u.indisready
  union all
  -- Ours stay, used or not: each serves a query that may come.
  select 'index_unused', 'low', u.index_name, format(
      'no query has used the index since %s, and it takes %s', coalesce(stats.stats_reset::date::text, 'it was made'),
      pg_size_pretty(pg_relation_size(u.indexrelid))
    ), format('drop index concurrently %s;', u.index_name)
  from usable as u
  join pg_catalog.pg_stat_user_indexes as used on used.indexrelid = u.indexrelid
  join pg_catalog.pg_stat_database as stats on stats.datname = current_database()
  where used.idx_scan = 0 and not u.indisunique and u.indisvalid
    and coalesce(stats.stats_reset, '-infinity') < now() - interval '7 days'
    and pg_relation_size(u.indexrelid) > 1024 * 1024
    and not coalesce(expected -> 'index' ? u.fact, false)
  union all
  select distinct on (u.index_name) 'index_redundant', 'low', u.index_name,
    format('the index %s begins with the same columns, so this one only costs', wider.index_name),
    format('drop index concurrently %s;', u.index_name)
  from usable as u
  join usable as wider on wider.indrelid = u.indrelid and wider.indexrelid <> u.indexrelid and wider.indisvalid
    and wider.indpred is null and wider.indexprs is null
    and (u.indkey::smallint[])[0:u.indnkeyatts - 1] = (wider.indkey::smallint[])[0:u.indnkeyatts - 1]
    and (wider.indnkeyatts > u.indnkeyatts or wider.indisunique or wider.indexrelid < u.indexrelid)
  join pg_catalog.pg_class as c on c.oid = u.indexrelid
  join pg_catalog.pg_class as w on w.oid = wider.indexrelid and w.relam = c.relam
  where not u.indisunique and u.indpred is null and u.indexprs is null and u.indnatts = u.indnkeyatts
    and not coalesce(expected -> 'index' ? u.fact, false)
  union all
  select 'constraint_not_validated', 'medium', l.name || '.' || c.conname,
    'the constraint holds for new rows only: old rows may break it',
    format('alter table %s validate constraint %I;', l.name, c.conname)
  from looked_at as l
  join pg_catalog.pg_constraint as c on c.conrelid = l.oid
  where not c.convalidated
  union all
  select 'trigger_disabled', 'critical', l.name || '.' || t.tgname,
    case when t.tgisinternal then 'a foreign key is not checked, because the table''s triggers are disabled'
      else 'the trigger is disabled, and what it does for the queue is left undone' end,
    format('alter table %s enable trigger %s;', l.name, case when t.tgisinternal then 'all' else quote_ident(t.tgname) end)
  from looked_at as l
  join pg_catalog.pg_trigger as t on t.tgrelid = l.oid
  where t.tgenabled in ('D', 'R')
    and (t.tgisinternal or coalesce(expected -> 'trigger' ? (l.name || '.' || t.tgname), false));
end
$$;
comment on function queue_private.diagnose_relations is 'Indexes, constraints and triggers that do not work or only cost.';
revoke all on function queue_private.diagnose_relations from public, anon, authenticated;
grant execute on function queue_private.diagnose_relations to service_role;
