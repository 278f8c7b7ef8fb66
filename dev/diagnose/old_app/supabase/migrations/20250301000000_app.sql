-- The app's tables and the policies of a tutorial. Nothing keeps a session from rating twice, nothing ties ratings and
-- comments to their posts, and likes is a number that clients write.
create table posts_new (
  id uuid primary key default gen_random_uuid(),
  user_id uuid,
  caption text,
  image_url text,
  likes integer default 0,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
create table post_ratings (
  id uuid primary key default gen_random_uuid(),
  post_id uuid,
  session_id text,
  created_at timestamptz default now()
);
create table comments (
  id uuid primary key default gen_random_uuid(),
  post_id uuid,
  author text,
  body text,
  created_at timestamptz default now()
);

alter table posts_new enable row level security;
create policy "Enable read access for all users" on posts_new for select using (true);
create policy "Enable insert for all users" on posts_new for insert with check (true);
create policy "Enable update for all users" on posts_new for update using (true);
create policy "Enable delete for all users" on posts_new for delete using (true);
alter table post_ratings enable row level security;
create policy "Enable all for all users" on post_ratings for all using (true) with check (true);
alter table comments enable row level security;
create policy "Enable all for all users" on comments for all using (true) with check (true);
