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
-- Locks: both, for key share; then the subscription, for no key update, when its counters change. Safe to repeat: yes.
-- Errors: 55P03, here and in the two below, when somebody holds the row for more than 2 seconds: nobody's attempt.
create or replace function public.record_push(notification_id uuid, subscription_id uuid, status integer)
returns void
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_column
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
  set refusals = case when record_push.status between 200 and 299 then 0 else subscription.refusals + 1 end,
    unanswered = 0, unanswered_since = null
  where subscription.id = record_push.subscription_id
    and (subscription.refusals > 0 or subscription.unanswered > 0 or record_push.status not between 200 and 299);
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
