-- Ratings: a session likes a post, or no longer does. Caller: /api/ratings.
--
-- Both functions return (liked, likes), and no row when the post does not exist. likes is the stored
-- count moved by this call's own change; the sync that the trigger asks for makes the stored one exact.
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

-- add_rating: true when this call added it. The key share lock comes before the row, so a post that is
-- deleted meanwhile is "no such post" and never a foreign key error.
create or replace function queue_private.add_rating(post_id uuid, session_id text) returns boolean
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  wanted_session public.post_ratings.session_id%type := add_rating.session_id;
begin
  insert into public.post_ratings (post_id, session_id)
  select post.id, wanted_session
  from public.posts_new as post
  where post.id = add_rating.post_id
  for key share
  on conflict (post_id, session_id) do nothing;
  return found;
end
$$;
revoke all on function queue_private.add_rating from public, anon, authenticated;
grant execute on function queue_private.add_rating to service_role;

-- remove_rating: true when this call removed it.
create or replace function queue_private.remove_rating(post_id uuid, session_id text) returns boolean
language plpgsql volatile
set search_path = ''
as $$
declare
  wanted_session public.post_ratings.session_id%type := remove_rating.session_id;
begin
  delete from public.post_ratings as rating
  where rating.post_id = remove_rating.post_id and rating.session_id = wanted_session;
  return found;
end
$$;
revoke all on function queue_private.remove_rating from public, anon, authenticated;
grant execute on function queue_private.remove_rating to service_role;

-- set_like: make it so. Safe to repeat: yes. Errors: 22023 liked is null.
create or replace function public.set_like(post_id uuid, session_id text, liked boolean)
returns setof public.like_state
language plpgsql volatile
set search_path = ''
as $$
declare
  moved integer := 0;
begin
  if set_like.liked is null then
    raise exception 'liked must be true or false' using errcode = '22023';
  end if;
  if set_like.liked then
    moved := queue_private.add_rating(set_like.post_id, set_like.session_id)::integer;
  else
    moved := - queue_private.remove_rating(set_like.post_id, set_like.session_id)::integer;
  end if;
  return query
    select set_like.liked, greatest(0, post.likes + moved)::integer
    from public.posts_new as post
    where post.id = set_like.post_id;
end
$$;
comment on function public.set_like is 'Like or unlike a post; no row when there is no such post.';
revoke all on function public.set_like from public, anon, authenticated;
grant execute on function public.set_like to service_role;

-- toggle_like: turn it around. Not safe to repeat: two calls are two clicks.
-- Errors: 55000 the rating can be neither removed nor added, which only a trigger of the app's can cause.
create or replace function public.toggle_like(post_id uuid, session_id text)
returns setof public.like_state
language plpgsql volatile
set search_path = ''
as $$
begin
  -- A round is lost only to another click of this session: a hundred in a row are no accident.
  for round in 1..100 loop
    if queue_private.remove_rating(toggle_like.post_id, toggle_like.session_id) then
      return query
        select false, greatest(0, post.likes - 1)::integer
        from public.posts_new as post where post.id = toggle_like.post_id;
      return;
    end if;
    if queue_private.add_rating(toggle_like.post_id, toggle_like.session_id) then
      return query
        select true, (post.likes + 1)::integer
        from public.posts_new as post where post.id = toggle_like.post_id;
      return;
    end if;
    -- Neither there nor added: no such post, or another click added it between the two statements.
    perform from public.posts_new as post where post.id = toggle_like.post_id;
    if not found then
      return;
    end if;
  end loop;
  raise exception 'the rating of post % can be neither removed nor added', toggle_like.post_id
    using errcode = '55000', hint = 'Look for a trigger on post_ratings that suppresses rows.';
end
$$;
comment on function public.toggle_like is 'Turn a session''s like of a post around; no row when there is no such post.';
revoke all on function public.toggle_like from public, anon, authenticated;
grant execute on function public.toggle_like to service_role;

-- like_states: for each of the posts that exist, whether this session likes it, and its stored likes.
create or replace function public.like_states(post_ids uuid[], session_id text)
returns table (post_id uuid, liked boolean, likes integer)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  wanted_session public.post_ratings.session_id%type := like_states.session_id;
begin
  return query
    select
      post.id,
      exists (
        select from public.post_ratings as rating
        where rating.post_id = post.id and rating.session_id = wanted_session
      ),
      post.likes::integer
    from public.posts_new as post
    where post.id = any (like_states.post_ids)
    order by array_position(like_states.post_ids, post.id);
end
$$;
comment on function public.like_states is 'Liked and likes of the posts that exist, in the order asked for.';
revoke all on function public.like_states from public, anon, authenticated;
grant execute on function public.like_states to service_role;
