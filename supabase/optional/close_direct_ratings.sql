-- Opt-in: ends the compatibility mode of app_access.sql. From here on ratings are read and written through
-- /api/ratings only, so no session can see or delete another's rating. Copy this file into
-- supabase/migrations under a new version when the frontend no longer writes post_ratings itself. To go back:
-- supabase/rollback/close_direct_ratings.sql.
select queue_private.begin_app_changes('close_direct_ratings');
drop policy if exists "sessions read ratings" on public.post_ratings;
drop policy if exists "sessions add ratings" on public.post_ratings;
drop policy if exists "sessions remove ratings" on public.post_ratings;
revoke all on table public.post_ratings from public, anon, authenticated;
select queue_private.end_app_changes('close_direct_ratings');
