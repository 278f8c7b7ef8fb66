-- What the services outside say of us: does Storage take files, do push services take pushes? Caller: queue_health.
-- Whoever can create a job or a subscription must not be able to change either answer. Locks: none.

-- storage_refusals: how many uploads Storage has refused since it took one last, and since when, by what the worker's runs
-- count (lib/database/storage.py): what is the file's own fault is not among them, nor a call that had too little time. A job
-- that is given back is tried again within an hour, so a refusal that lasts shows in the last 75 minutes.
create or replace function queue_private.storage_refusals(moment timestamptz, out refused bigint, out since timestamptz)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  with recent as (
    select
      run.started_at,
      coalesce((run.counts ->> 'storage_taken')::bigint, 0) as taken,
      coalesce((run.counts ->> 'storage_refused')::bigint, 0) as refused
    from public.worker_runs as run
    where run.counts ?| array['storage_taken', 'storage_refused'] and run.started_at > moment - interval '75 minutes'
    order by run.started_at desc
    limit 500
  )
  select coalesce(sum(recent.refused), 0), min(recent.started_at)
  into refused, since
  from recent
  where recent.started_at > coalesce(
    (select max(each.started_at) from recent as each where each.taken > 0), '-infinity'
  );
end
$$;
comment on function queue_private.storage_refusals is 'Uploads that Storage has refused since it took one last.';
revoke all on function queue_private.storage_refusals from public, anon, authenticated;
grant execute on function queue_private.storage_refusals to service_role;

-- refused_users: of the ten users who were pushed to last, within a day, how many were reached in no browser because push
-- services refuse the sender, and how many were reached.
-- Pushes to a stranger's own server do not count: it answers what it likes (see push.sql). A refusal counts where the same
-- endpoint has taken a push of ours before: no user can make a known service answer that. Only while not one endpoint has
-- ever taken one do all refusals count. And each user counts once, however many pushes there are.
create or replace function queue_private.refused_users(moment timestamptz, out refused bigint, out reached bigint)
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  any_was_taken boolean := exists (select from queue_private.push_reach as reach where reach.was_taken);
begin
  select count(*) filter (where not last.is_reached), count(*) filter (where last.is_reached)
  into refused, reached
  from (
    select bool_or(newest.is_taken) as is_reached
    from (
      select reach.user_id, reach.is_taken, reach.was_taken, reach.pushed_at
      from queue_private.push_reach as reach
      where reach.pushed_at > moment - interval '1 day'
      order by reach.pushed_at desc
      limit 500
    ) as newest
    where newest.is_taken or newest.was_taken or not any_was_taken
    group by newest.user_id
    order by max(newest.pushed_at) desc
    limit 10
  ) as last;
end
$$;
comment on function queue_private.refused_users is 'Of the users who were pushed to last, who was reached.';
revoke all on function queue_private.refused_users from public, anon, authenticated;
grant execute on function queue_private.refused_users to service_role;

-- push_is_refused: whether push services refuse the sender: most of the users who were pushed to last, and at least three,
-- or all who have subscriptions.
create or replace function queue_private.push_is_refused(refused bigint, reached bigint) returns boolean
language plpgsql stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  last_user uuid := '00000000-0000-0000-0000-000000000000';
begin
  if refused <= reached then
    return false;
  end if;
  -- One probe of the index for each: "distinct" would read all subscriptions.
  for users in 0..2 loop
    select subscription.user_id into last_user
    from public.push_subscriptions as subscription
    where subscription.user_id > last_user
    order by subscription.user_id
    limit 1;
    if not found then
      return refused >= users;
    end if;
  end loop;
  return refused >= 3;
end
$$;
comment on function queue_private.push_is_refused is 'Whether push services refuse the sender.';
revoke all on function queue_private.push_is_refused from public, anon, authenticated;
grant execute on function queue_private.push_is_refused to service_role;
