-- The images of posts as they are shown: their sizes, a placeholder and the URLs of their files in Storage.
--
-- Writers: the process_image and generate_thumbnail jobs. Readers: anyone. Files lie in the public bucket
-- post-images under <post id>/<hash of the content>: a name always means the same bytes, so caches may keep
-- them for ever, and a file belongs to one post, so that it can go when that post does.

create table if not exists public.post_images (
  post_id uuid primary key references public.posts_new (id) on delete cascade,
  source_url text not null,
  width integer not null,
  height integer not null,
  blurhash text not null,
  webp_url text not null,
  jpeg_url text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint post_images_has_pixels check (width > 0 and height > 0)
);
comment on table public.post_images is 'A post''s image as it is shown: upright, at most 1440 pixels a side.';
comment on column public.post_images.source_url is 'The image_url that it was made from.';

create table if not exists public.post_thumbnails (
  post_id uuid not null references public.posts_new (id) on delete cascade,
  size text not null,
  width integer not null,
  height integer not null,
  url text not null,
  created_at timestamptz not null default now(),
  primary key (post_id, size),
  constraint post_thumbnails_size_is_known check (size ~ '^([0-9]+|[0-9]*x[0-9]*)$'),
  constraint post_thumbnails_has_pixels check (width > 0 and height > 0)
);
comment on table public.post_thumbnails is 'Smaller copies of a post''s image.';
comment on column public.post_thumbnails.size is
  'What was asked for: "150" a square, "320x", "x240" or "320x240" a box. The copy has fewer pixels if the image has.';

alter table public.post_images enable row level security;
alter table public.post_thumbnails enable row level security;
revoke all on table public.post_images, public.post_thumbnails from public, anon, authenticated;
grant select on table public.post_images, public.post_thumbnails to anon, authenticated;
grant select, insert, update, delete on table public.post_images, public.post_thumbnails to service_role;

drop policy if exists "anyone sees images" on public.post_images;
create policy "anyone sees images" on public.post_images for select to anon, authenticated using (true);
drop policy if exists "anyone sees thumbnails" on public.post_thumbnails;
create policy "anyone sees thumbnails" on public.post_thumbnails for select to anon, authenticated using (true);

-- The bucket. Nobody but the service role writes to it: no policy of ours lets anybody else.
do $$
begin
  if to_regclass('storage.buckets') is not null then
    insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
    values ('post-images', 'post-images', true, 10485760, array['image/webp', 'image/jpeg'])
    on conflict (id) do nothing;
  end if;
end
$$;

-- post_exists: whether there is such a post. Caller: process_image, before it fetches anything.
create or replace function public.post_exists(post_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (select from public.posts_new as post where post.id = post_exists.post_id)
$$;
comment on function public.post_exists is 'Whether there is such a post.';
revoke all on function public.post_exists from public, anon, authenticated;
grant execute on function public.post_exists to service_role;

-- store_post_image: what process_image made. Answers "stored"; "gone" when there is no such post; "outdated" when
-- the post's image_url was changed since and the new image is stored already.
-- Locks: the post, for no key update (not for update, which would wait for every rater's foreign key), so that two
-- jobs of one post store one after the other. Safe to repeat: yes. Errors: 55P03 locked for more than 2 seconds.
create or replace function public.store_post_image(
  post_id uuid, source_url text, width integer, height integer, blurhash text, webp_url text, jpeg_url text
) returns text
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_column
declare
  current_url text;
begin
  select post.image_url into current_url
  from public.posts_new as post where post.id = store_post_image.post_id
  for no key update;
  if not found then
    return 'gone';
  end if;
  if current_url <> store_post_image.source_url and exists (
    select from public.post_images as image
    where image.post_id = store_post_image.post_id and image.source_url = current_url
  ) then
    return 'outdated';
  end if;
  insert into public.post_images as image
    (post_id, source_url, width, height, blurhash, webp_url, jpeg_url)
  values (
    store_post_image.post_id, store_post_image.source_url, store_post_image.width, store_post_image.height,
    store_post_image.blurhash, store_post_image.webp_url, store_post_image.jpeg_url
  )
  on conflict (post_id) do update
  set source_url = excluded.source_url, width = excluded.width, height = excluded.height,
    blurhash = excluded.blurhash, webp_url = excluded.webp_url, jpeg_url = excluded.jpeg_url,
    updated_at = now();
  return 'stored';
end
$$;
comment on function public.store_post_image is 'Store what process_image made: stored, gone or outdated.';
revoke all on function public.store_post_image from public, anon, authenticated;
grant execute on function public.store_post_image to service_role;

-- store_post_thumbnails: what generate_thumbnail made, an array of {size, width, height, url}. Answers as
-- store_post_image; "outdated" when they were made from a stored image of this post that is not its image any more.
-- Locks: the post, for key share; the rows in the order of their sizes. Safe to repeat: yes.
create or replace function public.store_post_thumbnails(post_id uuid, source_url text, thumbnails jsonb)
returns text
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_column
begin
  perform from public.posts_new as post where post.id = store_post_thumbnails.post_id for key share;
  if not found then
    return 'gone';
  end if;
  if strpos(store_post_thumbnails.source_url, format('/post-images/%s/', store_post_thumbnails.post_id)) > 0
    and exists (
      select from public.post_images as image
      where image.post_id = store_post_thumbnails.post_id
        and store_post_thumbnails.source_url not in (image.webp_url, image.jpeg_url)
    )
  then
    return 'outdated';
  end if;
  insert into public.post_thumbnails as thumbnail (post_id, size, width, height, url)
  select distinct on (made.size) store_post_thumbnails.post_id, made.size, made.width, made.height, made.url
  from jsonb_to_recordset(store_post_thumbnails.thumbnails)
    as made (size text, width integer, height integer, url text)
  order by made.size
  on conflict (post_id, size) do update
  set width = excluded.width, height = excluded.height, url = excluded.url, created_at = now();
  return 'stored';
end
$$;
comment on function public.store_post_thumbnails is 'Store what generate_thumbnail made: stored, gone or outdated.';
revoke all on function public.store_post_thumbnails from public, anon, authenticated;
grant execute on function public.store_post_thumbnails to service_role;
