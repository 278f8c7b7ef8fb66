-- Posts: added for a user, and listed in pages. Caller: /api/posts.
-- The casts are for adopted tables: varchar, bigint likes, times without a time zone (which are UTC on Supabase).

-- Serves list_posts and recompute_rankings: the newest first. The app may have one, under any name. Not concurrently, which
-- no transaction allows, and each migration is one: adding a post waits a moment (a second for a million).
do $$
begin
  if not exists (
    select from pg_catalog.pg_index as i
    where i.indrelid = 'public.posts_new'::regclass and i.indisvalid and i.indpred is null
      and pg_get_indexdef(i.indexrelid) like '%(created\_at DESC, id DESC)'
  ) then
    create index on public.posts_new (created_at desc, id desc);
  end if;
end
$$;

-- create_post: add a post. Returns {"post": {...}, "job_id"}: the process_image job is the one that the trigger on
-- posts_new made in the same transaction, null for a post without an image.
-- Not safe to repeat: two calls are two posts.
create or replace function public.create_post(user_id uuid, caption text, image_url text) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_variable
declare
  post public.posts_new;
begin
  insert into public.posts_new as added (user_id, caption, image_url)
  values (create_post.user_id, create_post.caption, create_post.image_url)
  returning added.* into post;
  return jsonb_build_object(
    'post', jsonb_build_object(
      'id', post.id, 'user_id', post.user_id, 'caption', post.caption, 'image_url', post.image_url,
      'likes', post.likes, 'created_at', post.created_at::timestamptz, 'image', null
    ),
    'job_id', (
      select job.id from public.background_jobs as job
      where job.idempotency_key = 'process_image_' || post.id
    )
  );
end
$$;
comment on function public.create_post is 'Add a post; its image job is made in the same transaction.';
revoke all on function public.create_post from public, anon, authenticated;
grant execute on function public.create_post to service_role;

-- list_posts: one page of posts, sort "new" (by created_at) or "hot" (by score, the ranked ones only), with what is
-- stored of their images; or with post_ids those of them that exist, in this order, whatever the sort. after_key and after_id are the sort_key and the id of the page's predecessor, so that
-- pages hold together while posts are added (keyset pagination). A page ends before the post with which its rows would
-- pass 1 MB of JSON, so that no reply is larger than the platform sends; has_more says that another post follows. Its
-- first post is always there, however large: of an adopted table's long captions 100,000 characters are shown. An
-- image_url of older rows that breaks the rule (javascript:, for one) is shown as null.
-- Errors: 22xxx an argument.
-- The signature without post_ids, if it is there: an overload would stay callable.
-- squawk-ignore ban-drop-function
drop function if exists public.list_posts(text, integer, text, uuid);
create or replace function public.list_posts(
  sort text, max_posts integer, after_key text default null, after_id uuid default null, post_ids uuid[] default null
)
returns table (
  id uuid, user_id uuid, caption text, image_url text, likes integer, created_at timestamptz, image jsonb,
  sort_key text, has_more boolean
)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_variable
declare
  ids uuid[];
  keys text[];
begin
  if max_posts is null or max_posts not between 1 and 101 then
    raise exception 'max_posts must be from 1 to 101' using errcode = '22023';
  end if;
  if post_ids is not null then
    select array_agg(page.post_id order by page.place), array_agg(''::text) into ids, keys
    from (
      select wanted.post_id, min(wanted.place) as place
      from unnest(post_ids) with ordinality as wanted (post_id, place)
      where exists (select from public.posts_new as post where post.id = wanted.post_id)
      group by wanted.post_id
      order by place
      limit max_posts
    ) as page;
  elsif list_posts.sort = 'new' then
    select array_agg(page.id), array_agg(to_jsonb(page.created_at::timestamptz) #>> '{}') into ids, keys
    from (
      select post.id, post.created_at
      from public.posts_new as post
      where after_id is null or (post.created_at, post.id) < (after_key::timestamptz, after_id)
      order by post.created_at desc, post.id desc
      limit max_posts
    ) as page;
  elsif list_posts.sort = 'hot' then
    select array_agg(page.post_id), array_agg(page.score::text) into ids, keys
    from (
      select ranking.post_id, ranking.score
      from public.post_rankings as ranking
      where (after_id is null or (ranking.score, ranking.post_id) < (after_key::double precision, after_id))
        and exists (select from public.posts_new as post where post.id = ranking.post_id)
      order by ranking.score desc, ranking.post_id desc
      limit max_posts
    ) as page;
  else
    raise exception 'sort must be new or hot' using errcode = '22023';
  end if;
  return query
  with page as (
    select
      listed.place, post.id, post.user_id, left(post.caption::text, 100000) as caption,
      case when queue_private.is_image_url(post.image_url::text) then post.image_url::text end as image_url,
      post.likes::integer as likes,
      post.created_at::timestamptz as created_at,
      (
        select jsonb_build_object(
          'width', shown.width, 'height', shown.height, 'blurhash', shown.blurhash,
          'webp_url', shown.webp_url, 'jpeg_url', shown.jpeg_url,
          'thumbnails', (
            select coalesce(
              jsonb_agg(
                jsonb_build_object(
                  'size', small.size, 'width', small.width, 'height', small.height, 'url', small.url
                )
                order by small.width, small.size
              ),
              '[]'
            )
            from public.post_thumbnails as small where small.post_id = post.id
          )
        )
        from public.post_images as shown where shown.post_id = post.id
      ) as image
    from unnest(ids) with ordinality as listed (post_id, place)
    join public.posts_new as post on post.id = listed.post_id
  ), measured as (
    select page.*, sum(octet_length(to_jsonb(page)::text)) over (order by page.place) as bytes_so_far
    from page
  ), shown as (
    select measured.* from measured where measured.bytes_so_far <= 1000000 or measured.place = 1
  )
  select
    shown.id, shown.user_id, shown.caption, shown.image_url, shown.likes, shown.created_at, shown.image,
    keys[shown.place], shown.place < cardinality(ids)
  from shown
  order by shown.place;
end
$$;
comment on function public.list_posts is 'One page of posts, newest or hottest first, or posts by their ids.';
revoke all on function public.list_posts from public, anon, authenticated;
grant execute on function public.list_posts to service_role;
