-- The app's own tables: created when missing, adopted and repaired when there.
--
-- An adopted table keeps its rows, its other columns and its own policies. Rows that the constraints
-- cannot hold (second ratings of one session, ratings and comments of posts that are gone) move to
-- repaired_rows first, so nothing is lost. Safe to repeat: a second run finds nothing to repair.

create table if not exists public.posts_new (
  id uuid primary key default gen_random_uuid(),
  user_id uuid,
  caption text,
  image_url text,
  likes integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
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

create table if not exists public.repaired_rows (
  id bigint generated always as identity primary key,
  table_name text not null,
  reason text not null,
  removed jsonb not null,
  removed_at timestamptz not null default now()
);
comment on table public.repaired_rows is
  'Rows of adopted tables that the constraints could not hold, kept as they were.';

alter table public.posts_new add column if not exists user_id uuid;
alter table public.posts_new add column if not exists caption text;
alter table public.posts_new add column if not exists image_url text;
alter table public.posts_new add column if not exists likes integer;
alter table public.posts_new add column if not exists created_at timestamptz not null default now();
alter table public.posts_new add column if not exists updated_at timestamptz not null default now();
alter table public.post_ratings add column if not exists created_at timestamptz not null default now();

-- Writers wait until the repair is over: a duplicate that came in between would fail it. In a block,
-- because `supabase db push` sends the file as one implicit transaction, where a bare lock is refused.
do $$
begin
  lock table public.posts_new, public.post_ratings, public.comments in share row exclusive mode;
end
$$;

with orphans as (
  delete from public.post_ratings as rating
  where rating.post_id is null or rating.session_id is null
    or not exists (select from public.posts_new as post where post.id = rating.post_id)
  returning to_jsonb(rating) as removed
)
insert into public.repaired_rows (table_name, reason, removed)
select 'post_ratings', 'no such post, or no session', orphans.removed from orphans;

-- By one sort: there may be no index yet, with which to look for the other ratings of each rating.
with duplicates as (
  delete from public.post_ratings as rating
  using (
    select
      copies.ctid as place,
      row_number() over (
        partition by copies.post_id, copies.session_id order by copies.created_at, copies.ctid
      ) as nth
    from public.post_ratings as copies
  ) as numbered
  where numbered.place = rating.ctid and numbered.nth > 1
  returning to_jsonb(rating) as removed
)
insert into public.repaired_rows (table_name, reason, removed)
select 'post_ratings', 'a second rating of the same session', duplicates.removed from duplicates;

with orphans as (
  delete from public.comments as comment
  where comment.post_id is null
    or not exists (select from public.posts_new as post where post.id = comment.post_id)
  returning to_jsonb(comment) as removed
)
insert into public.repaired_rows (table_name, reason, removed)
select 'comments', 'no such post', orphans.removed from orphans;

update public.posts_new as post
set likes = counted.likes
from (
  select posts.id, count(rating.post_id)::integer as likes
  from public.posts_new as posts
  left join public.post_ratings as rating on rating.post_id = posts.id
  group by posts.id
) as counted
where counted.id = post.id and post.likes is distinct from counted.likes
  -- Only before the queue is there: afterwards the queue keeps the counts.
  and to_regclass('public.background_jobs') is null;

alter table public.posts_new alter column likes set default 0;
update public.posts_new set likes = 0 where likes is null;
alter table public.posts_new alter column likes set not null;
alter table public.post_ratings alter column post_id set not null;
alter table public.post_ratings alter column session_id set not null;

-- One rating per session, and ratings and comments that go with their post.
do $$
declare
  child regclass;
  stale record;
begin
  if not exists (
    select from pg_catalog.pg_index as i
    where i.indrelid = 'public.post_ratings'::regclass and i.indisunique and i.indpred is null
      and (
        select array_agg(a.attname::text order by a.attname)
        from pg_catalog.pg_attribute as a
        where a.attrelid = i.indrelid and a.attnum = any (i.indkey::smallint[])
      ) = array['post_id', 'session_id']
  ) then
    alter table public.post_ratings
      add constraint post_ratings_post_id_session_id_key unique (post_id, session_id);
  end if;
  foreach child in array array['public.post_ratings', 'public.comments']::regclass[] loop
    for stale in
      select c.conname from pg_catalog.pg_constraint as c
      where c.conrelid = child and c.contype = 'f'
        and c.confrelid = 'public.posts_new'::regclass and c.confdeltype <> 'c'
    loop
      execute format('alter table %s drop constraint %I', child, stale.conname);
    end loop;
    if not exists (
      select from pg_catalog.pg_constraint as c
      where c.conrelid = child and c.contype = 'f' and c.confrelid = 'public.posts_new'::regclass
    ) then
      execute format(
        'alter table %s add foreign key (post_id) references public.posts_new (id) on delete cascade',
        child
      );
    end if;
  end loop;
end
$$;

-- Serves the cascade of a deleted post, and the app's listing of comments.
create index if not exists comments_post_id_idx on public.comments (post_id);

alter table public.posts_new enable row level security;
alter table public.post_ratings enable row level security;
alter table public.comments enable row level security;
alter table public.repaired_rows enable row level security;
revoke all on table public.repaired_rows from public, anon, authenticated;
revoke all on sequence public.repaired_rows_id_seq from public, anon, authenticated;
