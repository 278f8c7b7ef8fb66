-- diagnose_triggers: the app's own triggers and functions that work against the queue, or let anybody at it. Works on an app
-- before its migration too. Caller: diagnose. Locks: none.
create or replace function queue_private.diagnose_triggers(expected jsonb)
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  migrated boolean := to_regclass('queue_private.adopted_tables') is not null;
begin
  return query
  select 'counting_trigger', case when migrated then 'high' else 'medium' end, 'public.post_ratings.' || t.tgname,
    format('the trigger counts likes by %s%s, and raters wait for one another on the post''s row', t.tgfoid::regprocedure,
      case when migrated then ', which the queue does too' else '' end),
    format('alter table public.post_ratings disable trigger %I;', t.tgname)
  from queue_private.counting_triggers() as counting (trigger_id)
  join pg_catalog.pg_trigger as t on t.oid = counting.trigger_id
  union all
  -- A trigger runs with the rights of whoever rates or posts, unless its function is security definer.
  select distinct 'trigger_without_rights', 'critical', t.tgrelid::regclass::text || '.' || t.tgname,
    format('%s writes %s with the rights of clients, who may not insert there: what fires the trigger fails with 42501',
      t.tgfoid::regprocedure, queue_table.id),
    -- Without "public." in its text the function would find no table under an empty search_path.
    format('alter function %s security definer set search_path = %s;', t.tgfoid::regprocedure,
      case when f.prosrc ~* '\minsert\s+into\s+public\.' then '''''' else 'public, pg_temp' end)
  from pg_catalog.pg_trigger as t
  join pg_catalog.pg_proc as f on f.oid = t.tgfoid
  cross join (values (to_regclass('public.background_jobs')), (to_regclass('public.job_history'))) as queue_table (id)
  cross join (values ('anon'), ('authenticated')) as client (name)
  join pg_catalog.pg_class as c on c.oid = queue_table.id
  where t.tgrelid in (to_regclass('public.post_ratings'), to_regclass('public.posts_new'), to_regclass('public.comments'))
    and not t.tgisinternal and t.tgenabled <> 'D' and not f.prosecdef
    and f.prosrc ~* format('\minsert\s+into\s+(public\.)?"?%s\M', c.relname)
    -- Ours are tested.
    and f.pronamespace <> 'queue_private'::regnamespace
    -- tgtype: 4 is insert, 8 delete, 16 update. tgattr: the columns of "update of".
    and (
      t.tgtype & 4 > 0 and has_any_column_privilege(client.name, t.tgrelid, 'insert')
        and queue_private.has_policy(client.name, t.tgrelid, 'a')
      or t.tgtype & 8 > 0 and has_table_privilege(client.name, t.tgrelid, 'delete')
        and queue_private.has_policy(client.name, t.tgrelid, 'd')
      or t.tgtype & 16 > 0 and queue_private.has_policy(client.name, t.tgrelid, 'w') and exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = t.tgrelid and a.attnum > 0 and not a.attisdropped
          and (cardinality(t.tgattr::smallint[]) = 0 or a.attnum = any (t.tgattr::smallint[]))
          and has_column_privilege(client.name, t.tgrelid, a.attnum, 'update')
      )
    )
    and not (
      has_any_column_privilege(client.name, queue_table.id, 'insert')
      and queue_private.has_policy(client.name, queue_table.id, 'a')
    )
  union all
  select 'function_open', 'critical', f.oid::regprocedure::text,
    'anybody may call this function, and it changes jobs',
    format('revoke execute on function %s from public, anon, authenticated;', f.oid::regprocedure)
  from pg_catalog.pg_proc as f
  where f.pronamespace = 'public'::regnamespace and f.prokind = 'f' and f.prorettype <> 'trigger'::regtype
    and f.prosrc ~* '\m(update|into|from)\s+(public\.)?"?background_jobs\M'
    and has_function_privilege('anon', f.oid, 'execute')
    and not coalesce(migrated and expected -> 'function' ? f.oid::regprocedure::text, false)
  union all
  select 'jobs_open', 'critical', c.oid::regclass::text, 'anybody may read or write the queue''s table',
    format('alter table %s enable row level security; revoke all on table %1$s from public, anon, authenticated;', c.oid::regclass)
  from pg_catalog.pg_class as c
  where c.oid = to_regclass('public.background_jobs') and not migrated and not c.relrowsecurity
    and has_table_privilege('anon', c.oid, 'select, insert, update, delete');
end
$$;
comment on function queue_private.diagnose_triggers is 'What the app has that works against the queue.';
revoke all on function queue_private.diagnose_triggers from public, anon, authenticated;
grant execute on function queue_private.diagnose_triggers to service_role;

-- has_policy: whether row level security lets a client do something at all: it is off, or a policy is for the client and the
-- command (a insert, w update, d delete). What a policy asks of a row is not known here, but for two that are no
-- client's: false, and those that look for service_role.
create or replace function queue_private.has_policy(client text, table_id regclass, command "char") returns boolean
language sql stable
set search_path = ''
as $$
  select not c.relrowsecurity or exists (
    select from pg_catalog.pg_policy as p
    where p.polrelid = c.oid and p.polpermissive and p.polcmd in (has_policy.command, '*')
      and exists (
        select from unnest(p.polroles) as member (id)
        where member.id = 0 or pg_has_role(has_policy.client::name, member.id, 'usage')
      )
      and coalesce(pg_get_expr(coalesce(p.polwithcheck, p.polqual), p.polrelid), '') !~ 'service_role|^false$'
  )
  from pg_catalog.pg_class as c where c.oid = has_policy.table_id
$$;
comment on function queue_private.has_policy is 'Whether row level security lets a client do something to a table at all.';
revoke all on function queue_private.has_policy from public, anon, authenticated;
grant execute on function queue_private.has_policy to service_role;
