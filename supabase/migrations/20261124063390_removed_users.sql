-- removed_users: who was removed from auth.users, so that what comes later for them leaves no row: a job that was queued
-- before, a browser whose access token is still valid. Writer: remove_rows_of_users. Readers: add_notification,
-- own_push_endpoints. Old rows go by delete_expired.
-- Not asked of auth.users itself: an app may sign its users in elsewhere (third-party auth), and then they are not there.
create table if not exists queue_private.removed_users (
  user_id uuid primary key,
  removed_at timestamptz not null default now()
);
comment on table queue_private.removed_users is 'Users that were removed lately.';
-- Serves delete_expired.
create index if not exists removed_users_removed_at_idx on queue_private.removed_users (removed_at);
alter table queue_private.removed_users enable row level security;
revoke all on table queue_private.removed_users from public, anon, authenticated;
grant select, insert, update, delete on table queue_private.removed_users to service_role;

-- user_lock: the advisory lock that stands for a user. There are 1,024: who removes thousands of users at once must not
-- need more locks than the server has.
create or replace function queue_private.user_lock(user_id uuid) returns bigint
language sql immutable
set search_path = ''
as $$
  select hashtextextended('users ' || (hashtextextended(user_id::text, 0) & 1023), 0)
$$;
comment on function queue_private.user_lock is 'The advisory lock that stands for a user.';
revoke all on function queue_private.user_lock from public, anon, authenticated;
grant execute on function queue_private.user_lock to service_role;

-- hold_user: whether the user is still there, and until this transaction ends nobody removes them. Caller: whoever adds a
-- row of a user. Locks: user_lock, shared; a removal takes it alone. So of the two one sees the other.
create or replace function queue_private.hold_user(user_id uuid) returns boolean
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock_shared(queue_private.user_lock(hold_user.user_id));
  -- A statement of its own: its snapshot shows what a removal that we waited for has done.
  return not exists (select from queue_private.removed_users as removed where removed.user_id = hold_user.user_id);
end
$$;
comment on function queue_private.hold_user is 'Whether a user was not removed; holds removals back.';
revoke all on function queue_private.hold_user from public, anon, authenticated;
grant execute on function queue_private.hold_user to service_role;
