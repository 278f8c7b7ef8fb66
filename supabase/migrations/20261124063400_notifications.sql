-- Notifications: what a user is told. Writer: the send_notification job. A user sees their own, marks them read,
-- and gets new ones at once through Realtime.
create table if not exists public.notifications (
  id uuid primary key default queue_private.new_job_id(),
  user_id uuid not null,
  title text not null,
  body text not null,
  url text,
  job_id uuid unique,
  created_at timestamptz not null default now(),
  read_at timestamptz,
  constraint notifications_title_1_to_200 check (char_length(title) between 1 and 200),
  constraint notifications_body_at_most_2000 check (char_length(body) <= 2000),
  constraint notifications_url_at_most_2048 check (char_length(url) <= 2048),
  -- As in lib/jobs/send_notification.py, for whoever writes: users read the table itself, and a click follows the URL.
  constraint notifications_url_is_http_or_a_path check (url ~ '^(https?://[^/\\?#]|/([^/\\]|$))[!-~]*$')
);
comment on table public.notifications is 'What a user is told.';
comment on column public.notifications.job_id is 'The job that told it last: a repeated job finds its notification.';
-- Serves the user's list, newest first.
create index if not exists notifications_user_idx on public.notifications (user_id, created_at desc);
-- Serves delete_expired.
create index if not exists notifications_read_idx on public.notifications (read_at) where read_at is not null;

alter table public.notifications enable row level security;
revoke all on table public.notifications from public, anon, authenticated;
grant select, update (read_at) on table public.notifications to authenticated;
grant select, insert, update, delete on table public.notifications to service_role;

drop policy if exists "users see their own notifications" on public.notifications;
create policy "users see their own notifications" on public.notifications for select to authenticated
  using (user_id = (select auth.uid()));
drop policy if exists "users mark their own notifications" on public.notifications;
create policy "users mark their own notifications" on public.notifications for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

do $$
begin
  if exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime')
    and not exists (
      select from pg_catalog.pg_publication_tables
      where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'notifications'
    )
  then
    alter publication supabase_realtime add table public.notifications;
  end if;
end
$$;

-- add_notification: add a job's notification, or find it: its own, or that of the dead job it was redriven from.
-- Returns its id; null when the user was removed meanwhile. Locks: see hold_user; the unique index on job_id. Safe to
-- repeat: yes. Errors: 55P03 a removal of the user takes more than 2 seconds.
create or replace function public.add_notification(
  job_id uuid, redrive_of uuid, user_id uuid, title text, body text, url text
) returns uuid
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_column
declare
  notification_id uuid;
begin
  if not queue_private.hold_user(add_notification.user_id) then
    return null;
  end if;
  update public.notifications as notification
  set job_id = add_notification.job_id
  where notification.job_id = add_notification.redrive_of
    -- A late worker of the dead job may have added that one after ours.
    and not exists (select from public.notifications as own where own.job_id = add_notification.job_id)
  returning notification.id into notification_id;
  if found then
    return notification_id;
  end if;
  insert into public.notifications as notification (job_id, user_id, title, body, url)
  values (
    add_notification.job_id, add_notification.user_id, add_notification.title, add_notification.body,
    add_notification.url
  )
  on conflict (job_id) do nothing
  returning notification.id into notification_id;
  if not found then
    select notification.id into notification_id
    from public.notifications as notification where notification.job_id = add_notification.job_id;
  end if;
  return notification_id;
end
$$;
comment on function public.add_notification is 'Add the notification of a job, once.';
revoke all on function public.add_notification from public, anon, authenticated;
grant execute on function public.add_notification to service_role;
