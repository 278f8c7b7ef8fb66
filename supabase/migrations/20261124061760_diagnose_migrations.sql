-- diagnose_migrations: whether Supabase's list of applied migrations has all of ours, once it has our first. Other names are no
-- sign of ours: an app has a posts.sql and a limits.sql of its own. What was applied with psql is not in that list, and the
-- next `supabase db push` applies it again, which is harmless. What the migrations should have made is told by
-- diagnose_schema. And whether the list has an optional step that was undone since: a push would never apply it again.
-- Caller: diagnose. Locks: none.
-- Security definer: service_role may not read that list. It tells which of our own names are missing.
create or replace function queue_private.diagnose_migrations(expected jsonb)
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  recorded text[];
begin
  if to_regclass('queue_private.adopted_tables') is null or not exists (
    select from pg_catalog.pg_attribute as a
    where a.attrelid = to_regclass('supabase_migrations.schema_migrations') and a.attname = 'name'
  ) then
    return;
  end if;
  execute 'select coalesce(array_agg(each.name), ''{}'') from supabase_migrations.schema_migrations as each' into recorded;
  return query
  select 'migration_not_applied', 'high', each.name,
    'supabase db push applied others of the queue''s migrations, but not this one', 'supabase db push --remote --include-all'
  from jsonb_object_keys(expected -> 'migration') as each (name)
  where each.name <> all (recorded) and 'reserved_names' = any (recorded)
  limit 20;
  return query
  select 'optional_step_undone', 'medium', step.name,
    'this optional step was undone, but Supabase''s list still has it: no push applies it again',
    format('delete from supabase_migrations.schema_migrations where name = %L;', step.name)
  from (values
    ('close_direct_ratings', not exists (
      select from unnest(array['anon', 'authenticated']) as client (name)
      where has_any_column_privilege(client.name, 'public.post_ratings', 'select, insert, update')
        or has_table_privilege(client.name, 'public.post_ratings', 'delete')
    )),
    ('strict_likes', 'strict' in (select each.mode from queue_private.like_writes as each)),
    ('notify_of_likes', to_regprocedure('queue_private.notify_of_likes()') is not null),
    ('live_counts', to_regclass('queue_private.told_likes') is not null),
    ('wake_worker', to_regclass('queue_private.worker_wakes') is not null)
  ) as step (name, is_there)
  where step.name = any (recorded) and not step.is_there;
end
$$;
comment on function queue_private.diagnose_migrations is 'Which of our migrations Supabase''s list does not have.';
revoke all on function queue_private.diagnose_migrations from public, anon, authenticated;
grant execute on function queue_private.diagnose_migrations to service_role;
