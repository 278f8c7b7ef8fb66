-- The app's functions that our functions cause to run keep finding tables that they name without a schema.
--
-- Our functions run with an empty search_path. The app's triggers, defaults, indexes and checks that run inside them would have it
-- too. So the app's functions that these use get the search_path that they had so far, which is PostgREST's. A function
-- that the app makes or replaces later needs its own: `set search_path = public, extensions`.
-- Locks: not one on tables. Safe to repeat: yes.

do $$
declare
  ours regclass[] := array['public.post_ratings', 'public.comments', 'public.posts_new'];
  set_off regprocedure;
begin
  for set_off in
    select p.oid
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_language as l on l.oid = p.prolang
    where l.lanname not in ('internal', 'c') and pg_has_role(p.proowner, 'usage')
      and p.pronamespace <> 'pg_catalog'::regnamespace
      and not exists (select from unnest(p.proconfig) as setting (text) where setting.text like 'search\_path=%')
      and p.oid in (
        select t.tgfoid from pg_catalog.pg_trigger as t where t.tgrelid = any (ours) and not t.tgisinternal
        union all
        select d.refobjid
        from pg_catalog.pg_depend as d
        where d.refclassid = 'pg_catalog.pg_proc'::regclass and (
          -- The "when" of triggers, and the expressions of indexes.
          d.classid = 'pg_catalog.pg_trigger'::regclass
          and d.objid in (select t.oid from pg_catalog.pg_trigger as t where t.tgrelid = any (ours) and not t.tgisinternal)
          or d.classid = 'pg_catalog.pg_class'::regclass
          and d.objid in (select i.indexrelid from pg_catalog.pg_index as i where i.indrelid = any (ours))
          or d.classid = 'pg_catalog.pg_attrdef'::regclass
          and d.objid in (select f.oid from pg_catalog.pg_attrdef as f where f.adrelid = any (ours))
          or d.classid = 'pg_catalog.pg_constraint'::regclass
          and d.objid in (select c.oid from pg_catalog.pg_constraint as c where c.conrelid = any (ours))
        )
      )
  loop
    execute format('alter function %s set search_path = public, extensions', set_off);
  end loop;
end
$$;
