-- Opt-in: tells pages a post's likes as they are counted, over Supabase Realtime. Copy this file into supabase/migrations
-- under a new version. docs/frontend.md shows the page, and how to end it.
--
-- The sync that changed a count sends it to the private channel post:<id>:likes, in its own transaction, as the event
-- "likes" with {"postId", "likes", "version"}: a state, never a difference, so a message that is lost or doubled does no
-- harm. Of two messages the one with the higher version is newer.
-- At most one message a post and second. A count that comes sooner is owed: a sync is asked for, due in at most two
-- seconds, which tells what is owed by then, whether it changes a count or not; or asks for another one.
-- An error here is a warning, and the count is stored all the same.
-- Locks: rows of told_likes: that of each post whose count changed, behind the post's own lock, so it is waited for only
-- while another sync tells what that post is owed; then those that are owed, skip locked. Security definer: the worker may
-- not write to what is Realtime's, nor to told_likes. Safe to repeat: yes.

create unlogged table if not exists queue_private.told_likes (
  post_id uuid primary key,
  told_at timestamptz not null,
  owed boolean not null default false
);
comment on table queue_private.told_likes is 'When pages were told the likes of a post last; old rows go.';
comment on column queue_private.told_likes.owed is 'It changed too soon after that.';
alter table queue_private.told_likes enable row level security;
revoke all on table queue_private.told_likes from public, anon, authenticated;
-- Serves tell_owed_likes and the removal of old rows.
-- squawk-ignore require-concurrent-index-creation
create index if not exists told_likes_told_at_idx on queue_private.told_likes (owed, told_at);

-- send_likes: one message. The version is read in a later statement than every lock, so it grows with the count.
create or replace function queue_private.send_likes(post_id uuid, likes bigint) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object('postId', post_id, 'likes', likes, 'version', queue_private.snapshot_version()),
    'likes', 'post:' || post_id || ':likes', true
  );
end
$$;
comment on function queue_private.send_likes is 'Tell the pages that show a post its likes.';
revoke all on function queue_private.send_likes from public, anon, authenticated;

-- tell_likes: trigger, for each post whose count a sync changed.
create or replace function queue_private.tell_likes() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  moment timestamptz := clock_timestamp();
begin
  insert into queue_private.told_likes as told (post_id, told_at) values (new.id, moment)
  on conflict (post_id) do update set told_at = excluded.told_at, owed = false
  where told.told_at <= excluded.told_at - interval '1 second';
  if found then
    perform queue_private.send_likes(new.id, new.likes);
  else
    update queue_private.told_likes as told set owed = true where told.post_id = new.id;
  end if;
  return null;
exception when others then
  raise warning 'the likes of post % are told to no page: %', new.id, sqlerrm;
  return null;
end
$$;
comment on function queue_private.tell_likes is 'Tells pages that a count changed, unless they were told within the second.';
revoke all on function queue_private.tell_likes from public, anon, authenticated;

-- tell_owed_likes: trigger, once after each sync, also after one that changed nothing. Asks for the next sync.
create or replace function queue_private.tell_owed_likes() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
#variable_conflict use_variable
declare
  moment timestamptz := clock_timestamp();
  owed_to uuid[];
  post record;
begin
  with due as (
    select told.post_id from queue_private.told_likes as told
    where told.owed and told.told_at <= moment - interval '1 second'
    order by told.told_at
    limit 100
    for update skip locked
  ), paid as (
    update queue_private.told_likes as told set told_at = moment, owed = false
    from due where told.post_id = due.post_id
    returning told.post_id
  )
  select array_agg(paid.post_id) into owed_to from paid;
  -- A later statement than the locks: it sees what a sync has committed that held one of them.
  for post in select each.id, each.likes from public.posts_new as each where each.id = any (owed_to) loop
    perform queue_private.send_likes(post.id, post.likes);
  end loop;
  -- Too early for these: a window that was open already may end within their second.
  perform queue_private.request_like_syncs(array(
    select told.post_id from queue_private.told_likes as told
    where told.owed and told.told_at > moment - interval '1 second'
  ));
  delete from queue_private.told_likes as told
  where told.ctid = any (array(
    select past.ctid from queue_private.told_likes as past
    where not past.owed and past.told_at <= moment - interval '1 minute'
    limit 200
    for update skip locked
  ));
  return null;
exception when others then
  raise warning 'owed likes are told to no page: %', sqlerrm;
  return null;
end
$$;
comment on function queue_private.tell_owed_likes is 'Tells pages what changed too soon after they were told.';
revoke all on function queue_private.tell_owed_likes from public, anon, authenticated;

do $$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is null then
    raise notice 'no page is told of likes; missing: realtime.send'
      using hint = 'Enable Realtime (Dashboard, Realtime), then apply this file again.';
    return;
  end if;
  create or replace trigger tell_likes
  after update of likes on public.posts_new
  for each row when (new.likes is distinct from old.likes)
  execute function queue_private.tell_likes();
  create or replace trigger tell_owed_likes
  after update of likes on public.posts_new
  for each statement execute function queue_private.tell_owed_likes();
  -- Anybody may listen; nobody but the database may speak.
  drop policy if exists "anyone hears like counts" on realtime.messages;
  create policy "anyone hears like counts" on realtime.messages for select to anon, authenticated
  using (extension = 'broadcast' and (select realtime.topic()) ~ '^post:[0-9a-f-]{36}:likes$');
end
$$;
