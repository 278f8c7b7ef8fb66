-- diagnose_migrations: whether Supabase's list of applied migrations has all of ours, once it has one. What was applied with
-- psql is not in that list, and the next `supabase db push` applies it again, which is harmless. What the migrations should
-- have made is told by diagnose_schema. Caller: diagnose. Locks: none.
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
  if not exists (
    select from pg_catalog.pg_attribute as a
    where a.attrelid = to_regclass('supabase_migrations.schema_migrations') and a.attname = 'name'
  ) then
    return;
  end if;
  execute 'select coalesce(array_agg(each.name), ''{}'') from supabase_migrations.schema_migrations as each' into recorded;
  return query
  select 'migration_not_applied', 'high', each.name,
    'supabase db push applied others of the queue''s migrations, but not this one', 'supabase db push --include-all'
  from jsonb_object_keys(expected -> 'migration') as each (name)
  where each.name <> all (recorded)
    and exists (select from jsonb_object_keys(expected -> 'migration') as ours (name) where ours.name = any (recorded))
  limit 20;
end
$$;
comment on function queue_private.diagnose_migrations is 'Which of our migrations Supabase''s list does not have.';
revoke all on function queue_private.diagnose_migrations from public, anon, authenticated;
grant execute on function queue_private.diagnose_migrations to service_role;
