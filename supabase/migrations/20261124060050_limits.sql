-- limits: how much one user may have of what the database lets them add. An operator changes a number by an update.
-- Readers: the triggers of post_image_requests.sql and push_owners.sql, as their owner. Safe to repeat: numbers stay.
create table if not exists queue_private.limits (
  name text primary key,
  value integer not null,
  constraint limits_value_is_not_negative check (value >= 0)
);
comment on table queue_private.limits is 'How much one user may have.';
insert into queue_private.limits (name, value)
values ('unfinished_image_jobs_per_user', 200), ('push_subscriptions_per_user', 50)
on conflict (name) do nothing;
alter table queue_private.limits enable row level security;
revoke all on table queue_private.limits from public, anon, authenticated;
