-- Rankings: the recent posts by a hot score. Writer: the recompute_rankings job. Readers: anyone.
--
-- No foreign key to the posts: deleting a post must not wait for a recompute, nor the reverse. A deleted post's row
-- goes with the next recompute; whoever reads joins the posts.
create table if not exists public.post_rankings (
  post_id uuid primary key,
  score double precision not null,
  rank integer not null,
  ranked_at timestamptz not null default now()
);
comment on table public.post_rankings is 'The recent posts by hot score; rank 1 is the hottest.';
-- Serves list_posts: pages of the hottest.
create index if not exists post_rankings_score_idx on public.post_rankings (score desc, post_id desc);

alter table public.post_rankings enable row level security;
revoke all on table public.post_rankings from public, anon, authenticated;
grant select on table public.post_rankings to anon, authenticated;
grant select, insert, update, delete on table public.post_rankings to service_role;

drop policy if exists "anyone reads rankings" on public.post_rankings;
create policy "anyone reads rankings" on public.post_rankings for select to anon, authenticated using (true);

-- hot_score: log10(likes) + age on a scale of 12.5 hours: a post needs ten times the likes to keep up with one that
-- is 45,000 seconds younger. It does not depend on the current time, so a score changes only when the likes do, and
-- pages of a ranking hold together. Source: Reddit's "hot", r2/r2/lib/db/_sorts.pyx in
-- github.com/reddit-archive/reddit, for scores that are never negative.
create or replace function queue_private.hot_score(likes integer, created_at timestamptz) returns double precision
language sql immutable
set search_path = ''
as $$
  select round(
    log(greatest(likes, 1)::numeric)
      + (extract(epoch from created_at - timestamptz '2005-12-08 07:46:43+00') / 45000)::numeric,
    7
  )::double precision
$$;
comment on function queue_private.hot_score is 'log10(likes) + seconds since 2005-12-08 07:46:43 UTC / 45000.';
revoke all on function queue_private.hot_score from public, anon, authenticated;
grant execute on function queue_private.hot_score to service_role;

-- recompute_rankings: rank the newest max_posts posts. Caller: the recompute_rankings job.
-- One statement: readers see the ranking before or the one after. Rows that stay the same are not written.
-- Locks: an advisory lock, so that two recomputes come one after the other and the later one sees more.
-- Safe to repeat: yes. Errors: 55P03 another recompute takes more than 2 seconds; 22023 an argument.
create or replace function public.recompute_rankings(max_posts integer default 1000)
returns table (ranked integer, changed integer, removed integer)
language plpgsql volatile
set search_path = ''
set lock_timeout = '2s'
as $$
#variable_conflict use_variable
begin
  if max_posts is null or max_posts not between 1 and 100000 then
    raise exception 'max_posts must be from 1 to 100000' using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('public.recompute_rankings', 0));
  return query
    with recent as materialized (
      select post.id, queue_private.hot_score(post.likes::integer, post.created_at::timestamptz) as score
      from public.posts_new as post
      where post.created_at is not null
      order by post.created_at desc, post.id desc
      limit max_posts
    ), scored as materialized (
      select recent.id, recent.score,
        row_number() over (order by recent.score desc, recent.id desc)::integer as rank
      from recent
    ), written as (
      insert into public.post_rankings as ranking (post_id, score, rank)
      select scored.id, scored.score, scored.rank from scored
      on conflict (post_id) do update
      set score = excluded.score, rank = excluded.rank, ranked_at = now()
      where ranking.score <> excluded.score or ranking.rank <> excluded.rank
      returning ranking.post_id
    ), dropped as (
      delete from public.post_rankings as ranking
      where not exists (select from scored where scored.id = ranking.post_id)
      returning ranking.post_id
    )
    select
      (select count(*)::integer from scored),
      (select count(*)::integer from written),
      (select count(*)::integer from dropped);
end
$$;
comment on function public.recompute_rankings is 'Rank the newest posts by hot score.';
revoke all on function public.recompute_rankings from public, anon, authenticated;
grant execute on function public.recompute_rankings to service_role;
