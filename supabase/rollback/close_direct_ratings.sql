-- Undoes supabase/optional/close_direct_ratings.sql: clients read and write post_ratings directly again, as before it.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/close_direct_ratings.sql
-- Safe to repeat: yes.
select queue_private.undo_app_changes('close_direct_ratings');
