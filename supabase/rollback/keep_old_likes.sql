-- Undoes supabase/optional/keep_old_likes.sql: the ratings that it added go, and the counts follow with the next runs.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/keep_old_likes.sql
-- Safe to repeat: yes.
select queue_private.forget_old_likes();
