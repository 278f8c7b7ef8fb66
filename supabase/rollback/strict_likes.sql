-- Undoes supabase/optional/strict_likes.sql: a client's write to likes is ignored and counted again instead of refused.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/strict_likes.sql
-- In a database that was new when the migrations came it changes nothing. Safe to repeat: yes.
select queue_private.undo_app_changes('strict_likes');
update queue_private.like_writes set mode = 'transitional', decided_at = now()
where mode = 'strict' and exists (
  select from queue_private.adopted_tables as each where each.table_name = 'posts_new' and each.existed
);
