-- Cleaning up: what has been kept long enough goes, in batches of a bounded size. Caller: the cleanup_expired job,
-- which repeats each call while it has time.

-- delete_expired: delete up to max_rows rows of one kind that are older than so many days; returns how many.
-- job_history keeps at least two days whatever is asked: a completed job's key is held for a day, and a settle whose
-- reply was lost is answered from it. worker_runs and push_deliveries likewise: a job may still need them. removed_users
-- keeps at least 30 days: jobs may wait for long. like_calls keeps an hour: a window is a minute. Its rows go by themselves
-- when others come (like_limits.sql), and here on a quiet site.
-- Locks: the rows, skip locked, so two clean-ups share the work. Safe to repeat: yes. Errors: 22023 an argument.
create or replace function public.delete_expired(kind text, older_than_days integer, max_rows integer)
returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  before timestamptz;
  before_needed timestamptz;
  deleted integer;
begin
  if older_than_days is null or older_than_days not between 0 and 36500 then
    raise exception 'older_than_days must be from 0 to 36500' using errcode = '22023';
  elsif max_rows is null or max_rows < 1 then
    raise exception 'max_rows must be at least 1' using errcode = '22023';
  end if;
  before := now() - make_interval(days => older_than_days);
  before_needed := now() - make_interval(days => greatest(older_than_days, 2));
  case kind
    when 'job_history' then
      delete from public.job_history as ended where ended.job_id = any (array(
        -- In no order: a sort would read all that is old, for each batch.
        select old.job_id from public.job_history as old
        where old.completed_at < before_needed
        limit max_rows for update skip locked
      ));
    when 'worker_runs' then
      delete from public.worker_runs as run where run.id = any (array(
        select old.id from public.worker_runs as old
        where old.started_at < before_needed
        order by old.started_at limit max_rows for update skip locked
      ));
    when 'push_deliveries' then
      delete from queue_private.push_deliveries as delivery where delivery.ctid = any (array(
        select old.ctid from queue_private.push_deliveries as old
        where old.pushed_at < before_needed
        order by old.pushed_at limit max_rows for update skip locked
      ));
    when 'operator_actions' then
      return queue_private.delete_old_operator_actions(older_than_days, max_rows);
    when 'notifications' then
      delete from public.notifications as notification where notification.id = any (array(
        select old.id from public.notifications as old
        where old.read_at < before
        order by old.read_at limit max_rows for update skip locked
      ));
    when 'removed_users' then
      delete from queue_private.removed_users as removed where removed.user_id = any (array(
        select old.user_id from queue_private.removed_users as old
        where old.removed_at < now() - make_interval(days => greatest(older_than_days, 30))
        order by old.removed_at limit max_rows for update skip locked
      ));
    when 'like_calls' then
      delete from queue_private.like_calls as counting where counting.ctid = any (array(
        select old.ctid from queue_private.like_calls as old
        where old.window_began_at < now() - interval '1 hour'
        order by old.window_began_at limit max_rows for update skip locked
      ));
    else
      raise exception 'there is no kind %', to_json(kind) using errcode = '22023';
  end case;
  get diagnostics deleted = row_count;
  return deleted;
end
$$;
comment on function public.delete_expired is 'Delete old rows of one kind, up to max_rows.';
revoke all on function public.delete_expired from public, anon, authenticated;
grant execute on function public.delete_expired to service_role;

-- find_orphaned_images: look at the next max_objects files of the bucket post-images, and name those whose post is
-- gone, or has another image by now. Returns (examined, orphans); fewer examined than asked for is the bucket's end,
-- and the next call starts at its beginning. The rows of storage.objects are only read: files are removed through
-- the Storage API. A file that is younger than a day may belong to a job that has not stored its row yet, and one
-- outside a folder named after a post belongs to nobody here.
-- Locks: its position's row. Safe to repeat: yes, each call looks at other files. Errors: 22023 an argument.
create or replace function public.find_orphaned_images(max_objects integer)
returns table (examined integer, orphans text[])
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  start text;
  names text[];
begin
  if max_objects is null or max_objects < 1 then
    raise exception 'max_objects must be at least 1' using errcode = '22023';
  end if;
  if to_regclass('storage.objects') is null then
    return query select 0, array[]::text[];
    return;
  end if;
  insert into queue_private.search_positions (kind, after_name) values ('orphaned_images', '')
  on conflict (kind) do nothing;
  select position.after_name into start
  from queue_private.search_positions as position where position.kind = 'orphaned_images' for update;

  names := array(
    select object.name from storage.objects as object
    where object.bucket_id = 'post-images' and object.name > start
    order by object.name limit max_objects
  );
  update queue_private.search_positions as position
  set after_name = case when cardinality(names) < max_objects then '' else names[max_objects] end,
    updated_at = now()
  where position.kind = 'orphaned_images';
  return query
    select cardinality(names), array(
      select object.name
      from storage.objects as object
      cross join lateral split_part(object.name, '/', 1) as folder
      where object.bucket_id = 'post-images' and object.name = any (names)
        and greatest(object.created_at, object.updated_at) < now() - interval '1 day'
        and pg_input_is_valid(folder, 'uuid')
        and not exists (
          select from public.post_images as image
          where image.post_id = case when pg_input_is_valid(folder, 'uuid') then folder::uuid end
            and (right(image.webp_url, length(object.name) + 1) = '/' || object.name
              or right(image.jpeg_url, length(object.name) + 1) = '/' || object.name)
        )
        and not exists (
          select from public.post_thumbnails as thumbnail
          where thumbnail.post_id = case when pg_input_is_valid(folder, 'uuid') then folder::uuid end
            and right(thumbnail.url, length(object.name) + 1) = '/' || object.name
        )
    );
end
$$;
comment on function public.find_orphaned_images is 'Files of post-images that no post shows any more.';
revoke all on function public.find_orphaned_images from public, anon, authenticated;
grant execute on function public.find_orphaned_images to service_role;
