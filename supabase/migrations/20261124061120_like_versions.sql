-- post_like_counts: stored like counts with a version, for whoever keeps copies of them outside the database.
--
-- A copy is read here and written there, and meanwhile another one may be on its way. The writer compares versions: of two
-- copies of one post the one with the higher version was read later. The version is that of the snapshot: how many
-- transactions it sees as ended. Of two snapshots of one cluster the later one sees more, so no clock and no lock decides,
-- and nothing is stored. Versions begin anew when the data moves to another cluster: copies should expire.

-- snapshot_version: xmax is beyond every transaction that has ended; those below it that still run do not count. This
-- transaction's own is in no list of running ones, so it is taken out here. Subtransactions count as ended for everybody.
create or replace function queue_private.snapshot_version() returns bigint
language sql stable
set search_path = ''
as $$
  select
    pg_snapshot_xmax(seen)::text::bigint
    - (select count(*) from pg_snapshot_xip(seen))
    - coalesce((pg_current_xact_id_if_assigned() < pg_snapshot_xmax(seen))::integer, 0)
  from pg_current_snapshot() as seen
$$;
comment on function queue_private.snapshot_version is 'Grows from each snapshot to every later one that sees more.';
revoke all on function queue_private.snapshot_version from public, anon, authenticated;
grant execute on function queue_private.snapshot_version to service_role;

-- post_like_counts: rows (post_id, likes, version), one for each of the posts that exist. Caller: the sync_like_count job,
-- where a cache is told of new counts; servers that fill a cache. Reads only. Safe to repeat: yes.
create or replace function public.post_like_counts(post_ids uuid[])
returns table (post_id uuid, likes integer, version bigint)
language sql stable
set search_path = ''
as $$
  select post.id, post.likes::integer, queue_private.snapshot_version()
  from public.posts_new as post
  where post.id = any (post_like_counts.post_ids)
$$;
comment on function public.post_like_counts is 'Stored like counts, with a version by which a cache tells new from old.';
revoke all on function public.post_like_counts from public, anon, authenticated;
grant execute on function public.post_like_counts to service_role;
