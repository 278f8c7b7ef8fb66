-- The app's own tables: created where they are missing. What was there is adopted by the next file.
--
-- adopted_tables remembers what each table was at first, because later files treat adopted tables differently: these keep
-- their rows, their other columns, and what their row level security allows.
-- Locks: not one on tables that exist. Safe to repeat: yes.

create table if not exists queue_private.adopted_tables (
  table_name text primary key,
  existed boolean not null,
  had_row_security boolean not null,
  access_decided_at timestamptz
);
comment on table queue_private.adopted_tables is 'What the app''s tables were when the migrations first met them.';
comment on column queue_private.adopted_tables.access_decided_at is
  'When app_access.sql gave clients what they may do here: once, so that repeating it reopens nothing.';

insert into queue_private.adopted_tables (table_name, existed, had_row_security)
select wanted.name, c.oid is not null, coalesce(c.relrowsecurity, false)
from unnest(array['post_ratings', 'comments', 'posts_new']) as wanted (name)
left join pg_catalog.pg_class as c on c.oid = to_regclass('public.' || wanted.name)
on conflict (table_name) do nothing;

alter table queue_private.adopted_tables enable row level security;
revoke all on table queue_private.adopted_tables from public, anon, authenticated;
grant select on table queue_private.adopted_tables to service_role;

create table if not exists public.posts_new (
  id uuid primary key default gen_random_uuid(),
  user_id uuid,
  caption text,
  image_url text,
  likes integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- As in lib/services/posts.py. The captions of an adopted table are not limited.
  constraint posts_new_caption_is_short check (char_length(caption) <= 2200)
);

create table if not exists public.post_ratings (
  id uuid primary key default gen_random_uuid(),
  post_id uuid not null,
  session_id text not null,
  created_at timestamptz not null default now()
);

create table if not exists public.comments (
  id uuid primary key default gen_random_uuid(),
  post_id uuid not null,
  user_id uuid,
  body text,
  created_at timestamptz not null default now()
);

-- Clients may do nothing with what we create until app_access.sql says so.
do $$
declare
  created text;
begin
  for created in
    select each.table_name from queue_private.adopted_tables as each
    where not each.existed and each.access_decided_at is null
  loop
    execute format('alter table public.%I enable row level security', created);
    execute format('revoke all on table public.%I from public, anon, authenticated', created);
  end loop;
end
$$;
