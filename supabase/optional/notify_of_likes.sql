-- Opt-in: tells the owner of a post that it was liked. Copy this file into supabase/migrations under a new version;
-- to end it, supabase/rollback/notify_of_likes.sql.
--
-- "12 people liked your post", never one notification per like: the like sync counts many likes at once, the job
-- waits a minute for more, and the next one of the same post waits until an hour after the last. A sync that finds
-- the job still waiting brings its number up to date. Being liked by fewer people tells nobody.
-- Locks: the waiting job's row, skip locked: a like sync never waits for a worker. A job that a worker has
-- already claimed keeps its number.
create or replace function queue_private.notify_of_likes() returns trigger
language plpgsql volatile
set search_path = ''
as $$
declare
  job_key text := 'likes_of_' || new.id;
  message jsonb := jsonb_build_object(
    'user_id', new.user_id,
    'title', 'New likes',
    'body', format('%s liked your post', case new.likes when 1 then '1 person' else new.likes || ' people' end),
    'url', '/posts/' || new.id
  );
  told_at timestamptz;
begin
  update public.background_jobs as job set payload = message, updated_at = now()
  where job.id = (
    select waiting.id from public.background_jobs as waiting
    where waiting.idempotency_key = job_key and waiting.status = 'pending' and waiting.attempts = 0
    for update skip locked
  );
  if found or exists (
    -- Being claimed, or running: inserting would wait for the worker to find that its key is held.
    select from public.background_jobs as busy where busy.idempotency_key = job_key
  ) then
    return null;
  end if;
  select max(ended.completed_at) into told_at
  from public.job_history as ended
  where ended.idempotency_key = job_key and ended.status = 'completed';
  insert into public.background_jobs (job_type, payload, priority, max_attempts, idempotency_key, scheduled_for)
  values (
    'send_notification', message, 2, 5, job_key,
    greatest(now() + interval '1 minute', told_at + interval '1 hour')
  )
  on conflict (idempotency_key) where idempotency_key is not null do nothing;
  return null;
end
$$;
comment on function queue_private.notify_of_likes is 'Tells the owner of a post how many people like it.';
revoke all on function queue_private.notify_of_likes from public, anon, authenticated;

select queue_private.begin_app_changes('notify_of_likes');
create or replace trigger notify_of_likes
after update of likes on public.posts_new
for each row when (new.likes > old.likes and new.user_id is not null)
execute function queue_private.notify_of_likes();
select queue_private.end_app_changes('notify_of_likes');
