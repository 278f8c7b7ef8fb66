-- remove_rows_of_users: a user's notifications and subscriptions go with the user, and none come later: see
-- removed_users.sql. Caller: the trigger on auth.users.
-- Locks: user_lock of each user, in order, for which it waits until those who are adding a row of the user have
-- ended; then the rows that go. Safe to repeat: yes.
-- Not a foreign key: an app may sign its users in elsewhere (third-party auth), and then auth.users does not have them.
-- Security definer: whoever deletes users (supabase_auth_admin, for one) has no rights on these tables.
-- Both tables have an index that begins with user_id.
create or replace function queue_private.remove_rows_of_users() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
#variable_conflict use_variable
begin
  -- The locks have to be taken after the sort.
  perform pg_advisory_xact_lock(held.key)
  from (
    select distinct queue_private.user_lock(removed.id) as key from removed order by key offset 0
  ) as held;
  insert into queue_private.removed_users (user_id) select removed.id from removed on conflict do nothing;
  delete from public.push_subscriptions as subscription using removed where subscription.user_id = removed.id;
  delete from public.notifications as notification using removed where notification.user_id = removed.id;
  return null;
end
$$;
comment on function queue_private.remove_rows_of_users is 'Removes the notifications and subscriptions of removed users.';
revoke all on function queue_private.remove_rows_of_users from public, anon, authenticated;

do $$
begin
  if to_regclass('auth.users') is not null then
    create or replace trigger remove_notifications_and_subscriptions
    after delete on auth.users
    referencing old table as removed
    for each statement execute function queue_private.remove_rows_of_users();
  end if;
end
$$;
