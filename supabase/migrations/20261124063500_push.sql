-- Web Push: the browsers that a user wants to be told in, and what was pushed to each.
-- A browser adds and removes its own subscription; the send_notification job reads them.
create table if not exists public.push_subscriptions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null default auth.uid(),
  endpoint text not null,
  p256dh text not null,
  auth text not null,
  created_at timestamptz not null default now(),
  unique (user_id, endpoint),
  constraint push_subscriptions_endpoint_is_a_url check (endpoint ~ '^https?://' and char_length(endpoint) <= 2048),
  constraint push_subscriptions_keys_are_short check (char_length(p256dh) <= 200 and char_length(auth) <= 100)
);
comment on table public.push_subscriptions is 'Browsers that a user is pushed to: PushSubscription.toJSON().';
comment on column public.push_subscriptions.p256dh is 'The browser''s public key: 65 bytes in base64url (RFC 8291).';
comment on column public.push_subscriptions.auth is 'The authentication secret: 16 bytes in base64url (RFC 8291).';

-- Serves own_push_endpoints.
create index if not exists push_subscriptions_endpoint_idx on public.push_subscriptions (endpoint);

-- A push service that refuses the sender (another VAPID key, say) refuses each push: see undelivered_pushes.
alter table public.push_subscriptions add column if not exists refusals integer not null default 0;
comment on column public.push_subscriptions.refusals is 'Pushes that were refused since the last one that was taken.';
-- A push service that does not answer, or only "not now", through all attempts of a job: see give_up_push.
alter table public.push_subscriptions add column if not exists unanswered integer not null default 0;
alter table public.push_subscriptions add column if not exists unanswered_since timestamptz;
comment on column public.push_subscriptions.unanswered is 'Pushes in a row that were given up, because no answer came.';
comment on column public.push_subscriptions.unanswered_since is 'When the first of them was given up.';

alter table public.push_subscriptions enable row level security;
revoke all on table public.push_subscriptions from public, anon, authenticated;
grant select, insert, update, delete on table public.push_subscriptions to authenticated, service_role;

drop policy if exists "users see their own subscriptions" on public.push_subscriptions;
create policy "users see their own subscriptions" on public.push_subscriptions for select to authenticated
  using (user_id = (select auth.uid()));
drop policy if exists "users add their own subscriptions" on public.push_subscriptions;
create policy "users add their own subscriptions" on public.push_subscriptions for insert to authenticated
  with check (user_id = (select auth.uid()));
drop policy if exists "users change their own subscriptions" on public.push_subscriptions;
create policy "users change their own subscriptions" on public.push_subscriptions for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
drop policy if exists "users remove their own subscriptions" on public.push_subscriptions;
create policy "users remove their own subscriptions" on public.push_subscriptions for delete to authenticated
  using (user_id = (select auth.uid()));

create table if not exists queue_private.push_deliveries (
  notification_id uuid not null references public.notifications (id) on delete cascade,
  subscription_id uuid not null references public.push_subscriptions (id) on delete cascade,
  status integer not null,
  pushed_at timestamptz not null default now(),
  primary key (notification_id, subscription_id)
);
comment on table queue_private.push_deliveries is 'Pushes that have ended, and are not tried again.';
comment on column queue_private.push_deliveries.status is
  'What the push service answered: 201 taken, 4xx refused; 0 when it was not asked, or given up without an answer.';
-- Serves the cascade of a removed subscription.
create index if not exists push_deliveries_subscription_idx on queue_private.push_deliveries (subscription_id);
-- Serves delete_expired.
create index if not exists push_deliveries_pushed_at_idx on queue_private.push_deliveries (pushed_at);
alter table queue_private.push_deliveries enable row level security;
revoke all on table queue_private.push_deliveries from public, anon, authenticated;
grant select, insert, update, delete on table queue_private.push_deliveries to service_role;

-- What push services last answered for each subscription, of those services that browsers are made for, and of PUSH_HOSTS:
-- whoever subscribes chooses the endpoint, and may choose a server of their own. Written by record_push, read by
-- refused_users. Not in push_subscriptions, whose rows their users may change.
create table if not exists queue_private.push_reach (
  subscription_id uuid primary key references public.push_subscriptions (id) on delete cascade,
  user_id uuid not null,
  endpoint_hash bigint not null,
  is_taken boolean not null,
  was_taken boolean not null,
  pushed_at timestamptz not null default clock_timestamp()
);
comment on table queue_private.push_reach is 'What a known push service last answered for each subscription.';
comment on column queue_private.push_reach.is_taken is 'Whether it took the last push; false when it refused the sender.';
comment on column queue_private.push_reach.was_taken is 'Whether this endpoint has ever taken a push: then it was subscribed with our key.';
-- Serves refused_users.
create index if not exists push_reach_pushed_at_idx on queue_private.push_reach (pushed_at);
-- Serves refused_users: the endpoints that were subscribed with our key.
create index if not exists push_reach_was_taken_idx on queue_private.push_reach (subscription_id) where was_taken;
alter table queue_private.push_reach enable row level security;
revoke all on table queue_private.push_reach from public, anon, authenticated;
grant select, insert, update, delete on table queue_private.push_reach to service_role;

-- undelivered_pushes: the user's newest subscriptions that this notification was not pushed to yet. Those that refused
-- their last push, or did not answer it, come last, so that they do not take the place of good ones. is_silent: its last
-- push was given up.
-- Caller: the send_notification job, at each attempt.
-- squawk-ignore ban-drop-function
drop function if exists public.undelivered_pushes(uuid, integer);
create or replace function public.undelivered_pushes(notification_id uuid, max_subscriptions integer)
returns table (subscription_id uuid, endpoint text, p256dh text, auth text, is_silent boolean)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    select newest.id, newest.endpoint, newest.p256dh, newest.auth, newest.unanswered > 0
    from public.notifications as notification
    cross join lateral (
      select subscription.* from public.push_subscriptions as subscription
      where subscription.user_id = notification.user_id
      order by subscription.refusals > 0 or subscription.unanswered > 0, subscription.created_at desc, subscription.id
      limit max_subscriptions
    ) as newest
    where notification.id = undelivered_pushes.notification_id
      and not exists (
        select from queue_private.push_deliveries as delivery
        where delivery.notification_id = notification.id and delivery.subscription_id = newest.id
      );
end
$$;
comment on function public.undelivered_pushes is 'Subscriptions that a notification was not pushed to yet.';
revoke all on function public.undelivered_pushes from public, anon, authenticated;
grant execute on function public.undelivered_pushes to service_role;

-- record_push: this push has ended. Does nothing when the subscription or the notification is gone meanwhile.
-- known_endpoint: where it was sent, if that is a known push service; what it answered about the sender is kept then, unless
-- the subscription has another endpoint by now.
-- Locks: both, for key share; then the subscription, for no key update, when its counters change, and its row of
-- push_reach. Safe to repeat: yes.
-- Errors: 55P03, here and in the two below, when somebody holds a row for more than 2 seconds: nobody's attempt.
-- squawk-ignore ban-drop-function
drop function if exists public.record_push(uuid, uuid, integer);
create or replace function public.record_push(
  notification_id uuid, subscription_id uuid, status integer, known_endpoint text default null
) returns void
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_column
declare
  is_taken constant boolean := record_push.status between 200 and 299;
begin
  insert into queue_private.push_deliveries as delivery (notification_id, subscription_id, status)
  select notification.id, subscription.id, record_push.status
  from public.notifications as notification, public.push_subscriptions as subscription
  where notification.id = record_push.notification_id and subscription.id = record_push.subscription_id
  for key share
  on conflict (notification_id, subscription_id) do nothing;
  if not found then
    return;
  end if;
  update public.push_subscriptions as subscription
  set refusals = case when is_taken then 0 else subscription.refusals + 1 end,
    unanswered = 0, unanswered_since = null
  where subscription.id = record_push.subscription_id
    and (subscription.refusals > 0 or subscription.unanswered > 0 or not is_taken);
  -- 400, 401 and 403 are about the sender; see lib/outside/push/verdicts.py.
  if is_taken or record_push.status in (400, 401, 403) then
    insert into queue_private.push_reach as reach (subscription_id, user_id, endpoint_hash, is_taken, was_taken)
    select
      subscription.id, subscription.user_id, hashtextextended(subscription.endpoint, 0), is_taken, is_taken
    from public.push_subscriptions as subscription
    where subscription.id = record_push.subscription_id and subscription.endpoint = record_push.known_endpoint
    on conflict (subscription_id) do update set
      user_id = excluded.user_id, is_taken = excluded.is_taken, pushed_at = excluded.pushed_at,
      was_taken = excluded.was_taken or (reach.was_taken and reach.endpoint_hash = excluded.endpoint_hash),
      endpoint_hash = excluded.endpoint_hash;
  end if;
end
$$;
comment on function public.record_push is 'Record that a push has ended.';
revoke all on function public.record_push from public, anon, authenticated;
grant execute on function public.record_push to service_role;

-- give_up_push: no attempt of the job got an answer for this push. That is the subscription's trouble and not the job's,
-- for its user chooses the endpoint: it is counted on the subscription, whose next pushes get one attempt until one is
-- answered. A subscription that has been silent for 14 days, and for five pushes or more, is removed.
-- Locks: as record_push. Safe to repeat: yes.
create or replace function public.give_up_push(notification_id uuid, subscription_id uuid) returns void
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_column
begin
  insert into queue_private.push_deliveries as delivery (notification_id, subscription_id, status)
  select notification.id, subscription.id, 0
  from public.notifications as notification, public.push_subscriptions as subscription
  where notification.id = give_up_push.notification_id and subscription.id = give_up_push.subscription_id
  for key share
  on conflict (notification_id, subscription_id) do nothing;
  if not found then
    return;
  end if;
  update public.push_subscriptions as subscription
  set unanswered = subscription.unanswered + 1,
    unanswered_since = coalesce(subscription.unanswered_since, clock_timestamp())
  where subscription.id = give_up_push.subscription_id;
  delete from public.push_subscriptions as subscription
  where subscription.id = give_up_push.subscription_id and subscription.unanswered >= 5
    and subscription.unanswered_since < clock_timestamp() - interval '14 days';
end
$$;
comment on function public.give_up_push is 'Record that a push got no answer; a subscription that stays silent goes.';
revoke all on function public.give_up_push from public, anon, authenticated;
grant execute on function public.give_up_push to service_role;

-- remove_push_subscription: the push service says that it is gone (404, 410). Safe to repeat: yes.
create or replace function public.remove_push_subscription(subscription_id uuid) returns void
language sql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
  delete from public.push_subscriptions as subscription
  where subscription.id = remove_push_subscription.subscription_id
$$;
comment on function public.remove_push_subscription is 'Remove a subscription that the push service no longer knows.';
revoke all on function public.remove_push_subscription from public, anon, authenticated;
grant execute on function public.remove_push_subscription to service_role;
