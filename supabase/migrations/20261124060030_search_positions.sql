-- search_positions: where a search over many rows stopped, so that the next run goes on from there.
-- Users: audit_like_counts, find_orphaned_images.
create table if not exists queue_private.search_positions (
  kind text primary key,
  after_name text not null,
  updated_at timestamptz not null default now()
);
comment on table queue_private.search_positions is 'Where a search over many rows stopped.';
comment on column queue_private.search_positions.after_name is 'The last name that was looked at; empty at the start.';
alter table queue_private.search_positions enable row level security;
revoke all on table queue_private.search_positions from public, anon, authenticated;
grant select, insert, update, delete on table queue_private.search_positions to service_role;
