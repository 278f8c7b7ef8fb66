-- audit_like_counts: look for drift, page by page, and ask for the syncs that are missing.
-- Caller: the audit_like_counts job. A dead sync job is how a count can stay wrong: nobody asks again.
-- A post whose sync is still to come is not adrift. Ratings, counts and jobs are read in one statement,
-- hence in one snapshot, and a rating and its job commit together: no false alarm.
-- Without after_post_id it goes on where the last page stopped, whoever asked for that one: a table that one run cannot
-- finish is finished by the next ones. After the end it starts again with the first post.
-- Returns (checked, drifting, last_post_id): last_post_id is where the next page goes on, null at the end.
-- The syncs are looked up by their index, one post at a time ("offset 0": as a join they would be read for each drifting
-- post, when the planner takes them for few).
-- Locks: the row of its position. Safe to repeat: yes. Errors: 22023 an argument.
create or replace function public.audit_like_counts(
  after_post_id uuid default null, max_posts integer default 1000
) returns table (checked integer, drifting integer, last_post_id uuid)
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  start uuid := after_post_id;
begin
  if max_posts is null or max_posts < 1 then
    raise exception 'max_posts must be at least 1' using errcode = '22023';
  end if;
  if start is null then
    select nullif(position.after_name, '')::uuid into start
    from queue_private.search_positions as position where position.kind = 'like_audit';
  end if;

  with page as materialized (
    select post.id, post.likes
    from public.posts_new as post
    where start is null or post.id > start
    order by post.id
    limit max_posts
  ), adrift as materialized (
    select page.id
    from page
    where page.likes <> (
      select count(*) from public.post_ratings as rating where rating.post_id = page.id
    )
    and not exists (
      select from public.background_jobs as job
      where job.job_type = 'sync_like_count' and job.payload ->> 'post_id' = page.id::text
      offset 0
    )
  ), asked as (
    insert into public.background_jobs (job_type, payload, priority, max_attempts)
    select 'sync_like_count', jsonb_build_object('post_id', adrift.id), 5, 10 from adrift
  )
  select
    (select count(*) from page)::integer,
    (select count(*) from adrift)::integer,
    case when (select count(*) from page) = max_posts
      then (select page.id from page order by page.id desc limit 1)
    end
  into checked, drifting, last_post_id;

  insert into queue_private.search_positions as position (kind, after_name)
  values ('like_audit', coalesce(last_post_id::text, ''))
  on conflict (kind) do update set after_name = excluded.after_name, updated_at = now();
  return next;
end
$$;
comment on function public.audit_like_counts is 'Find posts whose count is wrong and that no job will sync; ask for their sync.';
revoke all on function public.audit_like_counts from public, anon, authenticated;
grant execute on function public.audit_like_counts to service_role;
