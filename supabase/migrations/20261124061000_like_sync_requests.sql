-- ask_for_like_sync: whoever changes ratings asks, in the same transaction, for a sync of each touched
-- post that still exists. Caller: the triggers below, for every writer of post_ratings. -> pending.
--
-- It joins a sync job of that post whose debounce window is still open, by a share lock on it, or
-- inserts one that is due in 2 seconds. Claims skip locked rows, so a joined job does not run before
-- the rater's transaction has ended, and then it counts the rater's rows too. Each clause is needed:
--   for share        for key share does not conflict with the update that claims a job;
--   skip locked      raters wait neither for one another nor for a worker;
--   window open      a job that is joined for ever is never claimed: under constant likes it must close;
--   attempts = 0     a job that waits for a retry may run at any moment after a long backoff;
--   not isolated     such a job runs alone, last in an invocation. It is asked of the locked row, because a condition
--                    in the scan would let the planner walk the due index instead of this post's;
--   no unique index  on pending sync jobs, because raters would wait for one another on it.
--
-- Nearly every statement changes one rating of a post whose window is open: that case is one statement here, and
-- request_like_syncs is for the others. Only background_jobs_sync_idx can serve the look-up, and it leads to the open
-- window directly, however many other syncs of the post wait. enable_seqscan is off because with the statistics of an
-- empty queue the planner would read the whole table.
-- Both are security definer or called by one that is: a rater (anon) may not write background_jobs. They run as
-- triggers only.

-- request_like_syncs: join or insert, for many posts. Caller: ask_for_like_sync.
-- Locks: the jobs that it joins, for share, skip locked.
create or replace function queue_private.request_like_syncs(post_ids uuid[]) returns void
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  moment timestamptz := clock_timestamp();
  window_ends timestamptz := moment + interval '2 seconds';
begin
  with asked as materialized (
    select distinct asked_for.post_id from unnest(request_like_syncs.post_ids) as asked_for (post_id)
  ), missing as materialized (
    select asked.post_id
    from asked
    where not exists (
      select
      from (
        select job.isolated
        from public.background_jobs as job
        where job.job_type = 'sync_like_count' and job.status = 'pending'
          and job.payload ->> 'post_id' = asked.post_id::text
          and job.attempts = 0
          and job.scheduled_for > moment and job.scheduled_for <= window_ends
        offset 0
        for share skip locked
      ) as locked
      where not locked.isolated
    )
  )
  insert into public.background_jobs (job_type, payload, priority, max_attempts, scheduled_for)
  select 'sync_like_count', jsonb_build_object('post_id', post.id), 5, 10, window_ends
  from missing
  join public.posts_new as post on post.id = missing.post_id;
end
$$;
comment on function queue_private.request_like_syncs is 'Asks for a sync of each of these posts that exists.';
revoke all on function queue_private.request_like_syncs from public, anon, authenticated;

create or replace function queue_private.ask_for_like_sync() returns trigger
language plpgsql volatile security definer
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  moment timestamptz := clock_timestamp();
  window_ends timestamptz := moment + interval '2 seconds';
begin
  if tg_op in ('INSERT', 'DELETE') then
    -- Of each changed rating, not of each post: grouping them would cost the single rating more. It ends with the first
    -- post that has no window to join: then request_like_syncs joins for the others too.
    perform
    from changed
    where not exists (
      select
      from (
        select job.isolated
        from public.background_jobs as job
        where job.job_type = 'sync_like_count' and job.status = 'pending'
          and job.payload ->> 'post_id' = changed.post_id::text
          and job.attempts = 0
          and job.scheduled_for > moment and job.scheduled_for <= window_ends
        offset 0
        for share skip locked
      ) as locked
      where not locked.isolated
    )
    limit 1;
    if found then
      perform queue_private.request_like_syncs(array(select distinct changed.post_id from changed));
    end if;
  elsif tg_op = 'UPDATE' then
    perform queue_private.request_like_syncs(array(
      (select added.post_id from added except all select removed.post_id from removed)
      union
      (select removed.post_id from removed except all select added.post_id from added)
    ));
  else
    perform queue_private.request_like_syncs(
      array(select post.id from public.posts_new as post where post.likes <> 0)
    );
  end if;
  return null;
end
$$;
comment on function queue_private.ask_for_like_sync is 'Asks for a sync of each post whose ratings changed.';
revoke all on function queue_private.ask_for_like_sync from public, anon, authenticated;

create or replace trigger ask_for_like_sync_on_insert
after insert on public.post_ratings
referencing new table as changed
for each statement execute function queue_private.ask_for_like_sync();

create or replace trigger ask_for_like_sync_on_delete
after delete on public.post_ratings
referencing old table as changed
for each statement execute function queue_private.ask_for_like_sync();

create or replace trigger ask_for_like_sync_on_update
after update on public.post_ratings
referencing old table as removed new table as added
for each statement execute function queue_private.ask_for_like_sync();

create or replace trigger ask_for_like_sync_on_truncate
after truncate on public.post_ratings
for each statement execute function queue_private.ask_for_like_sync();
