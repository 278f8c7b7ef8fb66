-- Adopted tables are repaired: columns, defaults and constraints that our functions need.
--
-- Rows that the constraints cannot hold (second ratings of one session, ratings and comments of posts that are gone) move
-- to repaired_rows first, and the counts that were wrong to old_likes, so nothing is lost. Where other tables refer to comments, those of posts that are gone stay
-- instead, under a foreign key that holds for new rows only: deleting them would take rows along, unsaved. Where other
-- tables refer to ratings that have to go, the migration stops and says so. Safe to repeat: a second run finds nothing
-- to repair, and readers do not wait for it.
-- Locks: post_ratings, comments, posts_new, in this order, as raters take them; readers only for what has to change.

-- Writers wait until the repair is over: a duplicate that came in between would fail it. In a block, because
-- `supabase db push` sends the file as one implicit transaction, where a bare lock is refused.
do $$
declare
  app_table text;
begin
  foreach app_table in array array['post_ratings', 'comments', 'posts_new'] loop
    if to_regclass('public.' || app_table) is not null then
      execute format('lock table public.%I in share row exclusive mode', app_table);
    end if;
  end loop;
end
$$;

create table if not exists queue_private.repaired_rows (
  id bigint generated always as identity primary key,
  table_name text not null,
  reason text not null,
  removed jsonb not null,
  removed_at timestamptz not null default now()
);
comment on table queue_private.repaired_rows is
  'Rows of adopted tables that the constraints could not hold, kept as they were.';
alter table queue_private.repaired_rows enable row level security;
revoke all on table queue_private.repaired_rows from public, anon, authenticated;
revoke all on sequence queue_private.repaired_rows_id_seq from public, anon, authenticated;

-- Columns and defaults that our functions rely on. Not "add column if not exists": it would lock readers out each time.
do $$
declare
  change text;
begin
  for change in
    select format('alter table public.%I add column %I %s', wanted.table_name, wanted.name, wanted.definition)
    from (values
      ('post_ratings', 'created_at', 'timestamptz not null default now()'),
      ('posts_new', 'user_id', 'uuid'),
      ('posts_new', 'caption', 'text'),
      ('posts_new', 'image_url', 'text'),
      ('posts_new', 'likes', 'integer default 0'),
      ('posts_new', 'created_at', 'timestamptz not null default now()'),
      ('posts_new', 'updated_at', 'timestamptz not null default now()')
    ) as wanted (table_name, name, definition)
    where not exists (
      select from pg_catalog.pg_attribute as a
      where a.attrelid = to_regclass('public.' || wanted.table_name) and a.attname = wanted.name
        and not a.attisdropped
    )
  loop
    execute change;
  end loop;
  for change in
    select format(
      'alter table public.%I alter column %I set default %s', wanted.table_name, wanted.name, wanted.expression
    )
    from (values
      ('post_ratings', 'id', 'gen_random_uuid()'),
      ('post_ratings', 'created_at', 'now()'),
      ('posts_new', 'id', 'gen_random_uuid()'),
      ('posts_new', 'likes', '0'),
      ('posts_new', 'created_at', 'now()'),
      ('posts_new', 'updated_at', 'now()')
    ) as wanted (table_name, name, expression)
    join pg_catalog.pg_attribute as a
      on a.attrelid = to_regclass('public.' || wanted.table_name) and a.attname = wanted.name
    left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where (a.attname <> 'id' or a.atttypid = 'uuid'::regtype)
      and (d.oid is null or a.attname = 'likes' and pg_get_expr(d.adbin, d.adrelid) <> '0')
  loop
    execute change;
  end loop;
end
$$;

-- What refers to a rating that goes would go with it, or lose its reference: nothing here could save that.
do $$
declare
  referrer regclass;
begin
  select c.conrelid into referrer from pg_catalog.pg_constraint as c
  where c.contype = 'f' and c.confrelid = 'public.post_ratings'::regclass
  limit 1;
  if found and exists (
    select from public.post_ratings as rating
    where rating.post_id is null or rating.session_id is null
      or not exists (select from public.posts_new as post where post.id = rating.post_id)
    union all
    select from public.post_ratings as rating group by rating.post_id, rating.session_id having count(*) > 1
  ) then
    raise exception 'post_ratings has ratings that cannot stay, and % refers to post_ratings', referrer
      using hint = 'Remove second ratings of one session, and ratings without a post or a session, yourself first.';
  end if;
end
$$;

-- The app's triggers do not run meanwhile: one that counts would change the counts that are to be kept, one that refuses or
-- keeps rows would stop the repair.
do $$
declare
  switch_on text[] := queue_private.quiet_triggers(array['post_ratings', 'comments', 'posts_new']);
  each_statement text;
begin
  with orphans as (
    delete from public.post_ratings as rating
    where rating.post_id is null or rating.session_id is null
      or not exists (select from public.posts_new as post where post.id = rating.post_id)
    returning to_jsonb(rating.*) as removed
  )
  insert into queue_private.repaired_rows (table_name, reason, removed)
  select 'post_ratings', 'no such post, or no session', orphans.removed from orphans;

  -- By one sort: there may be no index yet, with which to look for the other ratings of each rating. Partitions number their
  -- rows each for itself, hence tableoid.
  with duplicates as (
    delete from public.post_ratings as rating
    using (
      select
        copies.tableoid as part, copies.ctid as place,
        row_number() over (
          partition by copies.post_id, copies.session_id order by copies.created_at, copies.ctid
        ) as nth
      from public.post_ratings as copies
    ) as numbered
    where numbered.part = rating.tableoid and numbered.place = rating.ctid and numbered.nth > 1
    returning to_jsonb(rating.*) as removed
  )
  insert into queue_private.repaired_rows (table_name, reason, removed)
  select 'post_ratings', 'a second rating of the same session', duplicates.removed from duplicates;

  with orphans as (
    delete from public.comments as comment
    where (
      comment.post_id is null
      or not exists (select from public.posts_new as post where post.id = comment.post_id)
    ) and not exists (
      select from pg_catalog.pg_constraint as c
      where c.contype = 'f' and c.confrelid = 'public.comments'::regclass
    )
    returning to_jsonb(comment.*) as removed
  )
  insert into queue_private.repaired_rows (table_name, reason, removed)
  select 'comments', 'no such post', orphans.removed from orphans;

  -- A time that Python has no date for would fail every page that its post is on.
  insert into queue_private.repaired_rows (table_name, reason, removed)
  select 'posts_new', 'created_at missing or outside the years 1 to 9999, now the time of the repair', to_jsonb(post.*)
  from public.posts_new as post
  where post.created_at is null
    or post.created_at < '0001-01-02 00:00+00' or post.created_at >= '9999-12-31 00:00+00';

  update public.posts_new as post set created_at = now()
  where post.created_at is null
    or post.created_at < '0001-01-02 00:00+00' or post.created_at >= '9999-12-31 00:00+00';

  -- The old counts are kept: see old_likes.sql. Only before the queue is there: afterwards the queue keeps the counts.
  if to_regclass('public.background_jobs') is null then
    with counted as materialized (
      select post.id, post.likes as before, count(rating.post_id)::integer as likes
      from public.posts_new as post
      left join public.post_ratings as rating on rating.post_id = post.id
      group by post.id, post.likes
      having post.likes is distinct from count(rating.post_id)
    ), kept as (
      insert into queue_private.old_likes (post_id, likes, ratings)
      select counted.id, counted.before, counted.likes from counted
      on conflict (post_id) do nothing
    )
    update public.posts_new as post set likes = counted.likes
    from counted
    where counted.id = post.id;
  end if;

  update public.posts_new as post set likes = 0 where post.likes is null;
  foreach each_statement in array switch_on loop
    execute each_statement;
  end loop;
end
$$;

-- One rating per session, ratings and comments that go with their post, and times that Python has a date for.
do $$
declare
  required record;
  child regclass;
  stale record;
  validity text;
begin
  -- What the repair left to be checked at commit would stop the changes below.
  set constraints all immediate;

  for required in
    select wanted.table_name, wanted.name
    from (values
      (1, 'post_ratings', 'post_id'), (2, 'post_ratings', 'session_id'),
      (3, 'posts_new', 'likes'), (4, 'posts_new', 'created_at')
    ) as wanted (place, table_name, name)
    join pg_catalog.pg_attribute as a
      on a.attrelid = to_regclass('public.' || wanted.table_name) and a.attname = wanted.name
    where not a.attnotnull
    order by wanted.place
  loop
    execute format('alter table public.%I alter column %I set not null', required.table_name, required.name);
  end loop;

  -- on conflict (post_id, session_id) does not only pass a deferrable constraint over, it fails because of one.
  for stale in
    select c.conname from pg_catalog.pg_constraint as c
    where c.conrelid = 'public.post_ratings'::regclass and c.contype in ('u', 'p') and c.condeferrable
      and (
        select array_agg(a.attname::text order by a.attname)
        from pg_catalog.pg_attribute as a
        where a.attrelid = c.conrelid and a.attnum = any (c.conkey)
      ) = array['post_id', 'session_id']
  loop
    execute format('alter table public.post_ratings drop constraint %I', stale.conname);
  end loop;
  -- In this order of columns: it also serves the counting of a post's ratings, and its cascade.
  if not exists (
    select from pg_catalog.pg_index as i
    where i.indrelid = 'public.post_ratings'::regclass and i.indisunique and i.indisvalid and i.indimmediate
      and i.indpred is null and i.indexprs is null
      and (
        select array_agg(a.attname::text order by keys.place)
        from unnest(i.indkey::smallint[]) with ordinality as keys (attnum, place)
        join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = keys.attnum
        where keys.place <= i.indnkeyatts
      ) = array['post_id', 'session_id']
  ) then
    -- Without a name of ours, which something of the app's might have.
    alter table public.post_ratings add unique (post_id, session_id);
  end if;

  foreach child in array array['public.post_ratings', 'public.comments']::regclass[] loop
    for stale in
      select c.conname
      from pg_catalog.pg_constraint as c
      join pg_catalog.pg_attribute as a on a.attrelid = child and a.attname = 'post_id'
      where c.conrelid = child and c.contype = 'f' and c.conkey = array[a.attnum]
        and c.confrelid = 'public.posts_new'::regclass and c.confdeltype <> 'c'
    loop
      execute format('alter table %s drop constraint %I', child, stale.conname);
    end loop;
    if not exists (
      select from pg_catalog.pg_constraint as c
      join pg_catalog.pg_attribute as a on a.attrelid = child and a.attname = 'post_id'
      where c.conrelid = child and c.contype = 'f' and c.conkey = array[a.attnum]
        and c.confrelid = 'public.posts_new'::regclass
    ) then
      validity := case when child = 'public.comments'::regclass and exists (
        select from public.comments as comment
        where comment.post_id is not null
          and not exists (select from public.posts_new as post where post.id = comment.post_id)
      ) then 'not valid' else '' end;
      execute format(
        'alter table %s add foreign key (post_id) references public.posts_new (id) on delete cascade %s',
        child, validity
      );
    end if;
  end loop;

  if not exists (
    select from pg_catalog.pg_constraint as c
    where c.conrelid = 'public.posts_new'::regclass and c.conname = 'posts_new_created_at_is_a_date'
  ) then
    alter table public.posts_new add constraint posts_new_created_at_is_a_date
      check (created_at >= '0001-01-02 00:00+00' and created_at < '9999-12-31 00:00+00');
  end if;
end
$$;

-- Serves the cascade of a deleted post, and the app's listing of comments. The app may have one, under any name.
do $$
begin
  if not exists (
    select from pg_catalog.pg_index as i
    join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = 'public.comments'::regclass and a.attname = 'post_id' and i.indisvalid and i.indpred is null
  ) then
    create index on public.comments (post_id);
  end if;
end
$$;
