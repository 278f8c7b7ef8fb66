-- ask_for_like_sync: whoever changes ratings asks, in the same transaction, for a sync of each touched
-- post that still exists. Caller: the triggers below, for every writer of post_ratings.
--
-- It joins a sync job of that post whose debounce window is still open, by a share lock on it, or
-- inserts one that is due in 2 seconds. Claims skip locked rows, so a joined job does not run before
-- the rater's transaction has ended, and then it counts the rater's rows too. Each clause is needed:
--   for share        for key share does not conflict with the update that claims a job;
--   skip locked      raters wait neither for one another nor for a worker;
--   window open      a job that is joined for ever is never claimed: under constant likes it must close;
--   attempts = 0     a job that waits for a retry may run at any moment after a long backoff;
--   no unique index  on pending sync jobs, because raters would wait for one another on it.
-- Security definer: a rater (anon) may not write background_jobs. It runs as a trigger only.
create or replace function queue_private.ask_for_like_sync() returns trigger
language plpgsql volatile security definer
set search_path = ''
set enable_seqscan = off
as $$
declare
  moment timestamptz := clock_timestamp();
  window_ends timestamptz := moment + interval '2 seconds';
  touched uuid[];
  joined text[];
begin
  if tg_op = 'INSERT' then
    touched := array(select distinct added.post_id from added);
  elsif tg_op = 'DELETE' then
    touched := array(select distinct removed.post_id from removed);
  elsif tg_op = 'UPDATE' then
    touched := array(
      (select added.post_id from added except all select removed.post_id from removed)
      union
      (select removed.post_id from removed except all select added.post_id from added)
    );
  else
    touched := array(select post.id from public.posts_new as post where post.likes <> 0);
  end if;

  if cardinality(touched) = 0 then
    -- Also because "= any" of an empty array could be planned as a walk over any partial index.
    return null;
  end if;

  joined := array(
    select locked.post_id
    from (
      -- Without "not isolated", which would let the planner walk the due index instead of this post's.
      select job.payload ->> 'post_id' as post_id, job.isolated
      from public.background_jobs as job
      where job.job_type = 'sync_like_count' and job.status = 'pending'
        and job.payload ->> 'post_id' = any (touched::text[])
        and job.attempts = 0
        and job.scheduled_for > moment and job.scheduled_for <= window_ends
      offset 0
      for share skip locked
    ) as locked
    where not locked.isolated
  );
  insert into public.background_jobs (job_type, payload, priority, max_attempts, scheduled_for)
  select 'sync_like_count', jsonb_build_object('post_id', post.id), 5, 10, window_ends
  from public.posts_new as post
  where post.id = any (touched)
    -- Not "<> all (joined)", which compares each with each as soon as the plan is a generic one.
    and not exists (select from unnest(joined) as j (post_id) where j.post_id = post.id::text);
  return null;
end
$$;
comment on function queue_private.ask_for_like_sync is 'Asks for a sync of each post whose ratings changed.';
revoke all on function queue_private.ask_for_like_sync from public, anon, authenticated;

create or replace trigger ask_for_like_sync_on_insert
after insert on public.post_ratings
referencing new table as added
for each statement execute function queue_private.ask_for_like_sync();

create or replace trigger ask_for_like_sync_on_delete
after delete on public.post_ratings
referencing old table as removed
for each statement execute function queue_private.ask_for_like_sync();

create or replace trigger ask_for_like_sync_on_update
after update on public.post_ratings
referencing old table as removed new table as added
for each statement execute function queue_private.ask_for_like_sync();

create or replace trigger ask_for_like_sync_on_truncate
after truncate on public.post_ratings
for each statement execute function queue_private.ask_for_like_sync();
