-- Ratings: a session likes a post, or no longer does. Caller: /api/ratings.
--
-- toggle_like and set_like return (liked, likes), and no row when the post does not exist. likes, here and in
-- like_states, is what a count at that moment would say. Without an active sync of the post (pending or processing) that
-- is the stored number. With one, up to 1,000 ratings are counted. A post with more shows its stored number, changed by
-- this call's own change. Above a stored number of 2,000 nothing is counted at all. The counting is written out in
-- both places: a function would cost more than what it counts. enable_bitmapscan is off because a bitmap would be made of
-- all ratings of the post before the first is counted.
-- Locks: the rating's unique index entry (two clicks of one session on one post wait for each other)
-- and the post, for key share, as any foreign key does. No rater waits for another session's.
-- An adopted table may have session ids that are uuids, and bigint likes: hence %type and the casts.

do $$
begin
  if to_regtype('public.like_state') is null then
    create type public.like_state as (liked boolean, likes integer);
  end if;
end
$$;

-- Serves the look-up of a short session, of which new tables have not one: see change_like. Not concurrently, which no
-- transaction allows, and each migration is one.
-- squawk-ignore require-concurrent-index-creation
create index if not exists post_ratings_short_session_idx on public.post_ratings (session_id)
  where char_length(session_id::text) < 16;

create table if not exists queue_private.short_sessions (
  session_id text primary key
);
comment on table queue_private.short_sessions is
  'Sessions of fewer than 16 characters that took a like back: an adopted app''s, which may like again.';
alter table queue_private.short_sessions enable row level security;
revoke all on table queue_private.short_sessions from public, anon, authenticated;
grant select, insert on table queue_private.short_sessions to service_role;

-- change_like: the work of toggle_like (wanted is null) and of set_like. Null when there is no such post.
-- refuse_short_new_session: a session of fewer than 16 characters is accepted when the table has a rating of it, or had
-- one, as an adopted table may; a new one is refused. Taking a like back needs no such rule.
-- Errors: 22023 a new session that is too short; PT429 (HTTP 429) too many calls, the detail is the seconds to wait;
-- 55000 the rating can be neither removed nor added, which only a trigger of the app's can cause.
create or replace function queue_private.change_like(
  post_id uuid, session_id text, wanted boolean,
  address_hash text, session_limit integer, address_limit integer, refuse_short_new_session boolean
) returns public.like_state
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
as $$
#variable_conflict use_column
<<own>>
declare
  stored_session public.post_ratings.session_id%type := change_like.session_id;
  removed boolean := false;
  added boolean := false;
  wait_seconds integer;
  stored_likes bigint;
  counted integer;
begin
  if session_limit > 0 or address_limit > 0 then
    wait_seconds := queue_private.take_like_call(change_like.session_id, session_limit, address_hash, address_limit);
    if wait_seconds is not null then
      raise exception 'too many likes within a minute'
        using errcode = 'PT429', detail = wait_seconds, hint = format('Try again in %s seconds.', wait_seconds);
    end if;
  end if;

  -- A round is lost only to another click of this session: a hundred in a row are no accident.
  for round in 1..100 loop
    if wanted is not true then
      delete from public.post_ratings as rating
      where rating.post_id = change_like.post_id and rating.session_id = own.stored_session;
      removed := found;
      if removed and char_length(change_like.session_id) < 16 then
        insert into queue_private.short_sessions (session_id) values (change_like.session_id)
        on conflict do nothing;
      end if;
      exit when removed or wanted is false;
    end if;

    if refuse_short_new_session and char_length(change_like.session_id) < 16 and not exists (
      select from public.post_ratings as rating
      where rating.session_id = own.stored_session and char_length(rating.session_id::text) < 16
    ) and not exists (
      select from queue_private.short_sessions as short where short.session_id = change_like.session_id
    ) then
      raise exception 'a new session_id has at least 16 characters' using errcode = '22023', column = 'session_id';
    end if;
    -- The key share lock comes before the row, so a post that is deleted meanwhile is "no such post" and never a
    -- foreign key error.
    insert into public.post_ratings (post_id, session_id)
    select post.id, own.stored_session
    from public.posts_new as post
    where post.id = change_like.post_id
    for key share
    on conflict (post_id, session_id) do nothing;
    added := found;
    exit when added or wanted;

    -- Neither there nor added: no such post, or another click added it between the two statements.
    perform from public.posts_new as post where post.id = change_like.post_id;
    if not found then
      return null;
    end if;
    if round = 100 then
      raise exception 'the rating of post % can be neither removed nor added', change_like.post_id
        using errcode = '55000', hint = 'Look for a trigger on post_ratings that suppresses rows.';
    end if;
  end loop;

  select
    post.likes::bigint,
    case when post.likes <= 2000 and exists (
      select from public.background_jobs as job
      where job.job_type = 'sync_like_count' and job.payload ->> 'post_id' = change_like.post_id::text
    ) then (
      select nullif(count(*), 1001)
      from (
        select from public.post_ratings as rating where rating.post_id = change_like.post_id limit 1001
      ) as up_to_the_limit
    ) end
  into stored_likes, counted
  from public.posts_new as post
  where post.id = change_like.post_id;
  if not found then
    return null;
  end if;
  return row(
    coalesce(wanted, added), coalesce(counted, greatest(0, stored_likes + added::integer - removed::integer))
  )::public.like_state;
end
$$;
comment on function queue_private.change_like is 'Toggle a session''s like of a post, or make it as wanted.';
revoke all on function queue_private.change_like from public, anon, authenticated;
grant execute on function queue_private.change_like to service_role;

-- set_like: make it so. Safe to repeat: yes, apart from the limits. Errors: 22023 liked is null; change_like's.
-- Limits are calls within a minute; 0 is no limit. address_hash is for the server to make, of the client's address.
-- The signature without limits, if it is there: an overload would stay callable.
-- squawk-ignore ban-drop-function
drop function if exists public.set_like(uuid, text, boolean);
create or replace function public.set_like(
  post_id uuid, session_id text, liked boolean, address_hash text default null,
  session_limit integer default 0, address_limit integer default 0, refuse_short_new_session boolean default false
) returns setof public.like_state
language plpgsql volatile
set search_path = ''
as $$
declare
  state public.like_state;
begin
  if set_like.liked is null then
    raise exception 'liked must be true or false' using errcode = '22023';
  end if;
  state := queue_private.change_like(
    set_like.post_id, set_like.session_id, set_like.liked,
    set_like.address_hash, set_like.session_limit, set_like.address_limit, set_like.refuse_short_new_session
  );
  if state is not null then
    return next state;
  end if;
end
$$;
comment on function public.set_like is 'Like or unlike a post; no row when there is no such post.';
revoke all on function public.set_like from public, anon, authenticated;
grant execute on function public.set_like to service_role;

-- toggle_like: turn it around. Not safe to repeat: two calls are two clicks. Limits and errors as in set_like.
-- The signature without limits, if it is there: an overload would stay callable.
-- squawk-ignore ban-drop-function
drop function if exists public.toggle_like(uuid, text);
create or replace function public.toggle_like(
  post_id uuid, session_id text, address_hash text default null,
  session_limit integer default 0, address_limit integer default 0, refuse_short_new_session boolean default false
) returns setof public.like_state
language plpgsql volatile
set search_path = ''
as $$
declare
  state public.like_state;
begin
  state := queue_private.change_like(
    toggle_like.post_id, toggle_like.session_id, null,
    toggle_like.address_hash, toggle_like.session_limit, toggle_like.address_limit, toggle_like.refuse_short_new_session
  );
  if state is not null then
    return next state;
  end if;
end
$$;
comment on function public.toggle_like is 'Turn a session''s like of a post around; no row when there is no such post.';
revoke all on function public.toggle_like from public, anon, authenticated;
grant execute on function public.toggle_like to service_role;

-- like_states: for each of the posts that exist, whether this session likes it, and its likes.
create or replace function public.like_states(post_ids uuid[], session_id text)
returns table (post_id uuid, liked boolean, likes integer)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
as $$
#variable_conflict use_variable
declare
  wanted_session public.post_ratings.session_id%type := like_states.session_id;
begin
  return query
    with active as materialized (
      select distinct job.payload ->> 'post_id' as post_id
      from public.background_jobs as job
      where job.job_type = 'sync_like_count' and job.payload ->> 'post_id' = any (like_states.post_ids::text[])
    )
    select
      post.id,
      exists (
        select from public.post_ratings as rating
        where rating.post_id = post.id and rating.session_id = wanted_session
      ),
      coalesce(
        case when post.likes <= 2000 and post.id::text in (select active.post_id from active) then (
          select nullif(count(*), 1001)
          from (
            select from public.post_ratings as rating where rating.post_id = post.id limit 1001
          ) as up_to_the_limit
        ) end,
        post.likes
      )::integer
    from public.posts_new as post
    where post.id = any (like_states.post_ids)
    order by array_position(like_states.post_ids, post.id);
end
$$;
comment on function public.like_states is 'Liked and likes of the posts that exist, in the order asked for.';
revoke all on function public.like_states from public, anon, authenticated;
grant execute on function public.like_states to service_role;
