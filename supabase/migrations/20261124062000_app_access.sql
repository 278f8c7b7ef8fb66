-- What anon and authenticated may do with the app's tables. RLS decides about rows, column privileges
-- about columns: nobody but the sync writes likes, and nobody truncates.
--
-- Compatibility mode: sessions insert and delete their ratings directly, through PostgREST, as the
-- existing app does. Whoever may delete directly can delete another's rating: when the frontend uses
-- /api/ratings only, supabase/optional/close_direct_ratings.sql closes it.
-- Policies of an adopted database stay in force beside these, and so do its grants on comments.

revoke truncate, references, trigger, maintain on table public.posts_new, public.post_ratings, public.comments
  from public, anon, authenticated;
revoke insert, update on table public.posts_new from public, anon, authenticated;
revoke update on table public.post_ratings from public, anon, authenticated;
grant select on table public.posts_new, public.post_ratings, public.comments to anon, authenticated;
grant select, insert, update, delete on table public.posts_new, public.post_ratings, public.comments
  to service_role;
grant select on table public.repaired_rows to service_role;

-- Every column but likes, an adopted table's own ones too. Which rows, the policies decide.
do $$
declare
  columns text;
begin
  select string_agg(format('%I', a.attname), ', ') into columns
  from pg_catalog.pg_attribute as a
  where a.attrelid = 'public.posts_new'::regclass and a.attnum > 0 and not a.attisdropped
    and a.attname <> 'likes';
  execute format(
    'grant insert (%1$s), update (%1$s) on table public.posts_new to anon, authenticated', columns
  );
end
$$;

drop policy if exists "anyone reads posts" on public.posts_new;
create policy "anyone reads posts" on public.posts_new for select to anon, authenticated using (true);

drop policy if exists "users add their own posts" on public.posts_new;
create policy "users add their own posts" on public.posts_new for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "users change their own posts" on public.posts_new;
create policy "users change their own posts" on public.posts_new for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));

drop policy if exists "users delete their own posts" on public.posts_new;
create policy "users delete their own posts" on public.posts_new for delete to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "anyone reads comments" on public.comments;
create policy "anyone reads comments" on public.comments for select to anon, authenticated using (true);

drop policy if exists "sessions read ratings" on public.post_ratings;
create policy "sessions read ratings" on public.post_ratings for select to anon, authenticated using (true);

drop policy if exists "sessions add ratings" on public.post_ratings;
create policy "sessions add ratings" on public.post_ratings for insert to anon, authenticated
  with check (char_length(session_id) between 1 and 128);

drop policy if exists "sessions remove ratings" on public.post_ratings;
create policy "sessions remove ratings" on public.post_ratings for delete to anon, authenticated
  using (char_length(session_id) between 1 and 128);
