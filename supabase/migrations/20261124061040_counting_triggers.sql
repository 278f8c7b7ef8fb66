-- counting_triggers: the app's enabled triggers on post_ratings that count likes: their function, or a function that this one
-- calls, names both posts_new and likes. Callers: app_counters.sql, diagnose_triggers. Locks: none.
create or replace function queue_private.counting_triggers() returns setof oid
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    with recursive app_function as materialized (
      select p.oid, p.proname, p.prosrc
      from pg_catalog.pg_proc as p
      join pg_catalog.pg_language as l on l.oid = p.prolang
      where l.lanname not in ('internal', 'c') and p.pronamespace <> all (array[
        'pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'queue_private'::regnamespace
      ])
    ), reaches (trigger_id, function_id) as (
      select t.oid, t.tgfoid
      from pg_catalog.pg_trigger as t
      where t.tgrelid = to_regclass('public.post_ratings') and not t.tgisinternal and t.tgenabled <> 'D'
      union
      select reaches.trigger_id, called.oid
      from reaches
      join app_function as caller on caller.oid = reaches.function_id
      join app_function as called
        on caller.prosrc ~* format('\m%s"?\s*\(', regexp_replace(called.proname, '([^\w])', '\\\1', 'g'))
    )
    select distinct reaches.trigger_id
    from reaches
    join app_function as counting on counting.oid = reaches.function_id
    where counting.prosrc ~* '\mposts_new\M' and counting.prosrc ~* '\mlikes\M';
end
$$;
comment on function queue_private.counting_triggers is 'The app''s triggers on post_ratings that count likes.';
revoke all on function queue_private.counting_triggers from public, anon, authenticated;
grant execute on function queue_private.counting_triggers to service_role;
