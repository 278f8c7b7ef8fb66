-- What anon and authenticated may do with the app's tables. RLS decides about rows, column privileges
-- about columns: nobody but the sync writes likes (like_writes.sql), and nobody truncates.
--
-- Whose rules hold is decided once for each table, at the first application (adopted_tables), because policies add up:
--   created by the migrations           the grants and policies below; nothing at all on post_ratings.
--   adopted, row level security off     clients could do everything that they had grants for: the policies below
--                                       narrow that, and no grant is added.
--   adopted, row level security on      the app's own policies and grants; ours are not added.
-- What an owner changes afterwards (supabase/optional/close_direct_ratings.sql, say) stays so when this is repeated.
-- See docs/decisions/0015-row-level-security-that-was-on-is-the-apps.md.
--
-- Compatibility mode, for an adopted post_ratings only: clients go on inserting and deleting ratings directly, through
-- PostgREST. They choose neither the id nor the time of a rating. Session ids are public there, and whoever may delete
-- directly can delete another's rating: when the frontend uses /api/ratings only,
-- supabase/optional/close_direct_ratings.sql closes it.
--
-- A view without security_invoker reads and writes with its owner's rights, whatever is revoked from the caller. So clients
-- can no longer write through such views on posts_new, and on the others where the policies below hold. Reading stays.

-- Row level security is on, in the order in which raters lock. In the same file as the policies, without which everything
-- would seem empty to the clients of an adopted table. Before any grant: a grant writes the table's row in pg_class, and an
-- ANALYZE that waits for that row holds a lock for which this would wait.
do $$
declare
  app_table regclass;
begin
  for app_table in
    select c.oid
    from unnest(array['public.post_ratings', 'public.comments', 'public.posts_new']::regclass[])
      with ordinality as ours (id, place)
    join pg_catalog.pg_class as c on c.oid = ours.id
    where not c.relrowsecurity
    order by ours.place
  loop
    execute format('alter table %s enable row level security', app_table);
  end loop;
end
$$;

revoke truncate, references, trigger, maintain on table public.posts_new, public.post_ratings, public.comments
  from public, anon, authenticated;
grant select, insert, update, delete on table public.posts_new, public.post_ratings, public.comments
  to service_role;
grant select on table queue_private.repaired_rows to service_role;

-- Writing posts, column by column: see like_writes.sql.
select queue_private.grant_post_columns();

-- What clients may do, once for each table that has no rules of the app's.
do $$
declare
  created text[] := array(
    select each.table_name from queue_private.adopted_tables as each where each.access_decided_at is null and not each.existed
  );
  without_rules text[] := array(
    select each.table_name from queue_private.adopted_tables as each
    where each.access_decided_at is null and not each.had_row_security
  );
  inserts text[];
  each_grant text;
begin
  if 'posts_new' = any (created) then
    grant select, delete on table public.posts_new to anon, authenticated;
  end if;
  if 'comments' = any (created) then
    grant select on table public.comments to anon, authenticated;
  end if;

  if 'posts_new' = any (without_rules) then
    create policy "anyone reads posts" on public.posts_new for select to anon, authenticated using (true);
    create policy "users add their own posts" on public.posts_new for insert to authenticated
      with check (user_id = (select auth.uid()));
    create policy "users change their own posts" on public.posts_new for update to authenticated
      using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
    create policy "users delete their own posts" on public.posts_new for delete to authenticated
      using (user_id = (select auth.uid()));
  end if;
  if 'comments' = any (without_rules) then
    create policy "anyone reads comments" on public.comments for select to anon, authenticated using (true);
  end if;
  if 'post_ratings' = any (without_rules) and 'post_ratings' <> all (created) then
    -- Before the revoke, which takes what columns and public have along.
    inserts := array(
      select format(
        'grant insert (%s) on table public.post_ratings to %I',
        string_agg(format('%I', a.attname), ', ' order by a.attnum), client
      )
      from pg_catalog.pg_attribute as a, unnest(array['anon', 'authenticated']) as client
      where a.attrelid = 'public.post_ratings'::regclass and a.attnum > 0 and not a.attisdropped
        and a.attname not in ('id', 'created_at') and has_column_privilege(client, a.attrelid, a.attnum, 'insert')
      group by client
      order by client
    );
    revoke insert, update on table public.post_ratings from public, anon, authenticated;
    foreach each_grant in array inserts loop
      execute each_grant;
    end loop;
    create policy "sessions read ratings" on public.post_ratings for select to anon, authenticated using (true);
    create policy "sessions add ratings" on public.post_ratings for insert to anon, authenticated
      with check (char_length(session_id::text) between 1 and 128);
    create policy "sessions remove ratings" on public.post_ratings for delete to anon, authenticated
      using (char_length(session_id::text) between 1 and 128);
  end if;

  update queue_private.adopted_tables set access_decided_at = now() where access_decided_at is null;
end
$$;

-- Views that would write with their owner's rights.
do $$
declare
  closed regclass[] := array(
    select to_regclass('public.' || each.table_name) from queue_private.adopted_tables as each
    where each.table_name = 'posts_new' or not each.had_row_security
  );
  written_through regclass;
begin
  for written_through in
    with recursive built_on (id) as (
      select unnest(closed)::oid
      union
      select r.ev_class
      from built_on
      join pg_catalog.pg_depend as d
        on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = built_on.id
          and d.classid = 'pg_catalog.pg_rewrite'::regclass
      join pg_catalog.pg_rewrite as r on r.oid = d.objid
    )
    select c.oid
    from built_on
    join pg_catalog.pg_class as c on c.oid = built_on.id
    where c.relkind = 'v' and pg_relation_is_updatable(c.oid, false) <> 0 and pg_has_role(c.relowner, 'usage')
      and not exists (
        select from pg_options_to_table(c.reloptions) as o
        where o.option_name = 'security_invoker' and o.option_value::boolean
      )
  loop
    execute format('revoke insert, update, delete on table %s from public, anon, authenticated', written_through);
  end loop;
end
$$;
