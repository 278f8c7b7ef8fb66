-- The existing app's database, as its owner made it before there was a queue: no unique rating, a foreign key that
-- was added without checking or cascading, nullable columns, serial ids, row level security off, counts that drifted.
create table public.posts_new (
  id uuid primary key default gen_random_uuid(),
  user_id uuid,
  caption text,
  image_url text,
  likes integer,
  location text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default '2026-01-01'
);
create table public.post_ratings (
  id serial primary key,
  post_id uuid,
  session_id text,
  created_at timestamptz not null default now()
);
create table public.comments (
  id serial primary key,
  post_id uuid,
  author text,
  body text
);

insert into public.posts_new (id, caption, likes, location) values
  ('00000000-0000-0000-0000-000000000001', 'counted right', 2, 'Rome'),
  ('00000000-0000-0000-0000-000000000002', 'counted twice', 9, null),
  ('00000000-0000-0000-0000-000000000003', 'never counted', null, null),
  ('00000000-0000-0000-0000-000000000004', 'no ratings', 5, null);

insert into public.post_ratings (post_id, session_id, created_at) values
  ('00000000-0000-0000-0000-000000000001', 'session-a', '2026-02-01'),
  ('00000000-0000-0000-0000-000000000001', 'session-b', '2026-02-01'),
  ('00000000-0000-0000-0000-000000000002', 'session-a', '2026-02-03'),
  ('00000000-0000-0000-0000-000000000002', 'session-a', '2026-02-01'),
  ('00000000-0000-0000-0000-000000000002', 'session-a', '2026-02-02'),
  ('00000000-0000-0000-0000-000000000003', 'session-a', '2026-02-01'),
  ('00000000-0000-0000-0000-0000000000ff', 'session-a', '2026-02-01'),
  (null, 'session-a', '2026-02-01'),
  ('00000000-0000-0000-0000-000000000001', null, '2026-02-01');

insert into public.comments (post_id, author, body) values
  ('00000000-0000-0000-0000-000000000001', 'ann', 'nice'),
  ('00000000-0000-0000-0000-0000000000ff', 'bob', 'of a post that is gone'),
  (null, 'eve', 'of no post');
alter table public.comments add foreign key (post_id) references public.posts_new (id) not valid;
