-- Like counts: posts_new.likes := the number of its ratings. Caller: the sync_like_count job.
--
-- The post is locked in a statement of its own and counted in a later one: under READ COMMITTED the
-- later one has a newer snapshot, so of two syncs the second counts everything the first has seen.
-- Locks: the post, for no key update (for update would wait for every open rating's foreign key).
-- A sync that changes nothing writes nothing. Safe to repeat: yes.
-- A count reads the post's part of the unique index. Measured for a million ratings: 0.07 s of processor time in a vacuumed
-- table, 0.24 s with a tenth of them not vacuumed. Syncs of one post that wait together are counted once a call.

-- sync_post_like_count: one post. Returns its likes, null when the post is gone.
-- Errors: 55P03 the post is locked for more than 2 seconds.
create or replace function public.sync_post_like_count(target_post_id uuid) returns integer
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_variable
declare
  counted integer;
begin
  perform from public.posts_new as post where post.id = target_post_id for no key update;
  if not found then
    return null;
  end if;
  select count(*) into counted from public.post_ratings as rating where rating.post_id = target_post_id;
  update public.posts_new as post
  set likes = counted, updated_at = now()
  where post.id = target_post_id and post.likes <> counted;
  return counted;
end
$$;
comment on function public.sync_post_like_count is 'Set a post''s likes to the number of its ratings.';
revoke all on function public.sync_post_like_count from public, anon, authenticated;
grant execute on function public.sync_post_like_count to service_role;

-- sync_post_like_counts: many posts, locked in id order, skip locked. Returns (post_id, likes): likes is
-- null for a post that is gone; a post that somebody else holds locked is left out, and so is a null.
-- Errors: 55P03 the table of ratings is locked (truncate, a migration) for more than 2 seconds.
create or replace function public.sync_post_like_counts(target_post_ids uuid[])
returns table (post_id uuid, likes integer)
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_variable
declare
  held uuid[];
begin
  held := array(
    select post.id from public.posts_new as post
    where post.id = any (target_post_ids)
    order by post.id
    for no key update skip locked
  );
  return query
    with counted as materialized (
      select locked.id, count(rating.post_id)::integer as likes
      from unnest(held) as locked (id)
      left join public.post_ratings as rating on rating.post_id = locked.id
      group by locked.id
    ), changed as (
      update public.posts_new as post
      set likes = counted.likes, updated_at = now()
      from counted
      where post.id = counted.id and post.id = any (held) and post.likes <> counted.likes
    )
    select counted.id, counted.likes from counted
    union all
    select distinct wanted.id, null::integer
    from unnest(target_post_ids) as wanted (id)
    where wanted.id is not null
      and not exists (select from public.posts_new as post where post.id = wanted.id);
end
$$;
comment on function public.sync_post_like_counts is 'sync_post_like_count for many posts; busy ones are left out.';
revoke all on function public.sync_post_like_counts from public, anon, authenticated;
grant execute on function public.sync_post_like_counts to service_role;
