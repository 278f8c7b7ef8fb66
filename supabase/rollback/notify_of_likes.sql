-- squawk-ignore-file ban-drop-function, ban-drop-table
-- Undoes supabase/optional/notify_of_likes.sql. Notifications that were made stay.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/notify_of_likes.sql
-- Safe to repeat: yes.
drop trigger if exists notify_of_likes on public.posts_new;
drop function if exists queue_private.notify_of_likes();
delete from queue_private.app_changes where step = 'notify_of_likes';
