-- ask_for_post_images: whoever adds a post with an image, or gives a post another one, asks in the same transaction
-- for its process_image job. A post without its job, or a job without its post, cannot exist.
-- Caller: the triggers below, for every writer of posts_new. -> pending.
--
-- The key of a new post's job is process_image_<post id>; that of a later image has the image's hash behind it.
-- A key that is held already means the job is there: inserting the post must not fail for it. An empty image_url is
-- no image. Statement-level for inserts, so that 1,000 posts are one insert of jobs; row-level for updates, because
-- only then "of image_url" keeps the trigger away from the like sync, which updates posts all the time.
-- Priority and attempts are those of the policy in lib/jobs/process_image.py; a test ties them.
-- Locks: none but the unique index on the key.
-- Security definer: a user (authenticated) may add posts but may not write background_jobs. It runs as a trigger
-- only, and what the user chooses is the payload's image_url, which the job checks. See
-- docs/decisions/0009-post-trigger-is-security-definer.md.
create or replace function public.ask_for_post_images() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  insert into public.background_jobs (job_type, payload, priority, max_attempts, idempotency_key)
  select
    'process_image', jsonb_build_object('post_id', added.id, 'image_url', added.image_url), 3, 4,
    'process_image_' || added.id
  from added
  where added.image_url <> ''
  on conflict (idempotency_key) where idempotency_key is not null do nothing;
  return null;
end
$$;
comment on function public.ask_for_post_images is 'Asks for the image work of new posts.';
revoke all on function public.ask_for_post_images from public, anon, authenticated;

create or replace function public.ask_for_changed_post_image() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  insert into public.background_jobs (job_type, payload, priority, max_attempts, idempotency_key)
  values (
    'process_image', jsonb_build_object('post_id', new.id, 'image_url', new.image_url), 3, 4,
    'process_image_' || new.id || '_' || md5(new.image_url)
  )
  on conflict (idempotency_key) where idempotency_key is not null do nothing;
  return null;
end
$$;
comment on function public.ask_for_changed_post_image is 'Asks for the image work of a post that got another image.';
revoke all on function public.ask_for_changed_post_image from public, anon, authenticated;

create or replace trigger ask_for_post_images
after insert on public.posts_new
referencing new table as added
for each statement execute function public.ask_for_post_images();

create or replace trigger ask_for_changed_post_image
after update of image_url on public.posts_new
for each row when (new.image_url is distinct from old.image_url and new.image_url <> '')
execute function public.ask_for_changed_post_image();
