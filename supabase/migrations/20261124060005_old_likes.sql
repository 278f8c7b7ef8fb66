-- old_likes: what the app's like counts were before the repair put them right, for posts where that changed them.
--
-- The app may have counted likes that it has no rating for: imported ones, or ratings that were cleaned up. The repair
-- makes each count the number of ratings. keep_old_likes adds the missing ones as ratings of sessions that nobody has, so
-- the count stays the number of ratings, and no reader, sync or audit has to know of a second number. forget_old_likes
-- takes them away again. See docs/decisions/0035-old-likes-come-back-as-ratings.md.
-- The sessions are hashes with a key that is kept here, so that nobody can name one and take its like back.
-- Writer of the table: app_repair.sql. Callers: supabase/optional/keep_old_likes.sql and its rollback, as the owner.
create table if not exists queue_private.old_likes (
  post_id uuid primary key,
  likes bigint,
  ratings bigint not null,
  session_key uuid not null default gen_random_uuid(),
  kept boolean not null default false,
  noted_at timestamptz not null default now()
);
comment on table queue_private.old_likes is 'Like counts of the app that were not the number of their ratings.';
comment on column queue_private.old_likes.likes is 'What posts_new.likes was before the repair.';
comment on column queue_private.old_likes.ratings is 'How many ratings the post had then, without those that could not stay.';
comment on column queue_private.old_likes.kept is 'Whether keep_old_likes has added ratings for the difference.';
alter table queue_private.old_likes enable row level security;
revoke all on table queue_private.old_likes from public, anon, authenticated;
grant select on table queue_private.old_likes to service_role;

-- keep_old_likes: add a rating for each like that had no rating. Returns how many were added. Posts that would get more than
-- most_per_post are left out: a count that a client could set to anything is no reason to fill the disk.
-- Dynamic, because an adopted table may have session ids that are uuids.
-- The app's triggers do not run: nobody likes anything here, of which a user would be told.
-- Locks: post_ratings, for which writers wait. Safe to repeat: yes.
create or replace function queue_private.keep_old_likes(most_per_post integer default 100000) returns bigint
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_variable
declare
  added bigint;
  switch_on text[];
  each_statement text;
begin
  update queue_private.old_likes as old set kept = true
  where not old.kept and old.likes - old.ratings between 1 and most_per_post;
  switch_on := queue_private.quiet_triggers(array['post_ratings']);
  execute format(
    'insert into public.post_ratings (post_id, session_id)
     select old.post_id, md5(old.session_key || '' '' || counter.number)::uuid::text::%s
     from queue_private.old_likes as old
     join public.posts_new as post on post.id = old.post_id
     cross join lateral generate_series(1, old.likes - old.ratings) as counter (number)
     where old.kept
     on conflict (post_id, session_id) do nothing',
    (
      select format_type(a.atttypid, a.atttypmod) from pg_catalog.pg_attribute as a
      where a.attrelid = 'public.post_ratings'::regclass and a.attname = 'session_id'
    )
  );
  get diagnostics added = row_count;
  foreach each_statement in array switch_on loop
    execute each_statement;
  end loop;
  return added;
end
$$;
comment on function queue_private.keep_old_likes is 'Add a rating for each old like that had no rating.';
revoke all on function queue_private.keep_old_likes from public, anon, authenticated;

-- forget_old_likes: remove what keep_old_likes added, in the type that cut it. Returns how many. Triggers and locks: as above.
-- Safe to repeat: yes.
create or replace function queue_private.forget_old_likes() returns bigint
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_variable
declare
  removed bigint;
  switch_on text[];
  each_statement text;
begin
  if not exists (select from queue_private.old_likes as old where old.kept) then
    return 0;
  end if;
  switch_on := queue_private.quiet_triggers(array['post_ratings']);
  execute format(
    'delete from public.post_ratings as rating
     using queue_private.old_likes as old
     cross join lateral generate_series(1, old.likes - old.ratings) as counter (number)
     where old.kept and rating.post_id = old.post_id
       and rating.session_id = md5(old.session_key || '' '' || counter.number)::uuid::text::%s',
    (
      select format_type(a.atttypid, a.atttypmod) from pg_catalog.pg_attribute as a
      where a.attrelid = 'public.post_ratings'::regclass and a.attname = 'session_id'
    )
  );
  get diagnostics removed = row_count;
  foreach each_statement in array switch_on loop
    execute each_statement;
  end loop;
  update queue_private.old_likes as old set kept = false where old.kept;
  return removed;
end
$$;
comment on function queue_private.forget_old_likes is 'Remove the ratings that keep_old_likes added.';
revoke all on function queue_private.forget_old_likes from public, anon, authenticated;
