-- The rows that the repair took away or changed come back in a rollback. Caller: undo_app_changes, as the owner.
-- What cannot come back, and what our own tables hold, is in queue_removed.rows when the rollback is over.
-- Locks: the app's tables, in the order of raters. Errors: whatever the app's own constraints say.

-- keep_removed_rows: copy a table's rows to queue_removed.rows, because the table, or a column of it, is about to go.
create or replace function queue_private.keep_removed_rows(table_name text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  create schema if not exists queue_removed;
  revoke all on schema queue_removed from public, anon, authenticated;
  create table if not exists queue_removed.rows (
    table_name text not null,
    content jsonb not null,
    removed_at timestamptz not null default now()
  );
  comment on table queue_removed.rows is 'What the queue''s tables held when it was removed. Drop the schema when you need it no more.';
  alter table queue_removed.rows enable row level security;
  revoke all on table queue_removed.rows from public, anon, authenticated;
  execute format(
    'insert into queue_removed.rows (table_name, content) select %L, to_jsonb(each.*) from %s as each',
    keep_removed_rows.table_name,
    case when keep_removed_rows.table_name like '%.%' then keep_removed_rows.table_name
      else format('public.%I', keep_removed_rows.table_name) end
  );
end
$$;
comment on function queue_private.keep_removed_rows is 'Copy a table''s rows to queue_removed.rows before it goes.';
revoke all on function queue_private.keep_removed_rows from public, anon, authenticated;

-- quiet_triggers: switch off the app's triggers on its tables. Returns the statements that switch them on again. A repair is
-- no like and no change of a post: a trigger would count it, or date the post anew.
-- Locks: the tables, share row exclusive. Callers: app_repair.sql, old_likes.sql, restore_app_rows.
create or replace function queue_private.quiet_triggers(table_names text[]) returns text[]
language plpgsql volatile
set search_path = ''
as $$
declare
  loud record;
  switch_on text[] := '{}';
begin
  -- What waits for the commit would stop the change.
  set constraints all immediate;
  for loud in
    select each.table_name, t.tgname, t.tgenabled
    from unnest(table_names) with ordinality as each (table_name, place)
    join pg_catalog.pg_trigger as t
      on t.tgrelid = to_regclass('public.' || each.table_name) and not t.tgisinternal and t.tgenabled <> 'D'
    join pg_catalog.pg_proc as f on f.oid = t.tgfoid and f.pronamespace <> 'queue_private'::regnamespace
    order by each.place, t.tgname
  loop
    execute format('alter table public.%I disable trigger %I', loud.table_name, loud.tgname);
    switch_on := switch_on || format(
      'alter table public.%I enable %s trigger %I', loud.table_name,
      case loud.tgenabled when 'A' then 'always' when 'R' then 'replica' else '' end, loud.tgname
    );
  end loop;
  return switch_on;
end
$$;
comment on function queue_private.quiet_triggers is 'Switch off the triggers of the app''s tables for a repair.';
revoke all on function queue_private.quiet_triggers from public, anon, authenticated;

-- restore_app_rows: the removed ratings and comments, the times of posts, and the like counts, which move by what has
-- changed since: a count of 9 with one rating, which has three ratings now, becomes 11.
-- A second rating of a session comes back only where that session's first one is still there: one that was taken back
-- since must not be a like again. The app's triggers do not run meanwhile.
create or replace function queue_private.restore_app_rows() returns void
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_variable
declare
  app_table text;
  switch_on text[];
  each_statement text;
  columns text;
  contents text;
  stale record;
  put_back text[] := '{}';
begin
  if to_regclass('queue_private.repaired_rows') is null then
    return;
  end if;
  switch_on := queue_private.quiet_triggers(array['post_ratings', 'comments', 'posts_new']);

  -- First, while the ratings are those that the queue would count.
  with counted as materialized (
    select post.id, count(rating.post_id) as ratings
    from public.posts_new as post
    left join public.post_ratings as rating on rating.post_id = post.id
    group by post.id
  )
  update public.posts_new as post
  set likes = wanted.likes
  from (
    select
      counted.id,
      case
        when old.post_id is null then counted.ratings
        when old.ratings = counted.ratings then old.likes
        else greatest(0, coalesce(old.likes, old.ratings) + counted.ratings - old.ratings)
      end as likes
    from counted left join queue_private.old_likes as old on old.post_id = counted.id
  ) as wanted
  where wanted.id = post.id and post.likes is distinct from wanted.likes;

  update public.posts_new as post
  set created_at = (jsonb_populate_record(null::public.posts_new, repaired.removed)).created_at
  from queue_private.repaired_rows as repaired
  where repaired.table_name = 'posts_new' and repaired.removed ->> 'id' = post.id::text
    -- In the column's type: a date is no moment.
    and post.created_at = (
      jsonb_populate_record(null::public.posts_new, jsonb_build_object('created_at', repaired.removed_at))
    ).created_at;

  -- Constraints that did not hold for all rows: they would refuse these.
  for stale in
    select c.conrelid::regclass as table_id, c.conname, pg_get_constraintdef(c.oid) as definition,
      obj_description(c.oid, 'pg_constraint') as said
    from pg_catalog.pg_constraint as c
    where c.conrelid in (to_regclass('public.post_ratings'), to_regclass('public.comments')) and not c.convalidated
      and c.conparentid = 0
    order by c.conrelid, c.conname
  loop
    execute format('alter table %s drop constraint %I', stale.table_id, stale.conname);
    put_back := put_back || format('alter table %s add constraint %I %s', stale.table_id, stale.conname, stale.definition);
    if stale.said is not null then
      put_back := put_back || format('comment on constraint %I on %s is %L', stale.conname, stale.table_id, stale.said);
    end if;
  end loop;

  foreach app_table in array array['post_ratings', 'comments'] loop
    -- Each column by the alias: the app's may have any name.
    select
      string_agg(format('%I', a.attname), ', ' order by a.attnum),
      -- A null inside a json column is no null, and populate makes it one.
      string_agg(
        format(
          case when a.attnotnull and a.atttypid in ('json'::regtype, 'jsonb'::regtype) then 'coalesce(whole.%I, ''null'')'
            else 'whole.%I' end,
          a.attname
        ),
        ', ' order by a.attnum
      )
    into columns, contents
    from pg_catalog.pg_attribute as a
    where a.attrelid = to_regclass('public.' || app_table) and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    execute format(
      'with back as (
         delete from queue_private.repaired_rows as repaired
         where repaired.table_name = %1$L and (
           repaired.reason <> ''a second rating of the same session''
           or exists (
             select from public.post_ratings as rating
             where rating.post_id::text = repaired.removed ->> ''post_id''
               and rating.session_id = (jsonb_populate_record(null::public.post_ratings, repaired.removed)).session_id
           )
         )
         returning repaired.removed
       )
       insert into public.%1$I (%2$s) overriding system value
       select %3$s from back cross join lateral jsonb_populate_record(null::public.%1$I, back.removed) as whole',
      app_table, columns, contents
    );
  end loop;

  foreach each_statement in array put_back || switch_on loop
    execute each_statement;
  end loop;
end
$$;
comment on function queue_private.restore_app_rows is 'Give the app the rows and counts back that the repair took.';
revoke all on function queue_private.restore_app_rows from public, anon, authenticated;
