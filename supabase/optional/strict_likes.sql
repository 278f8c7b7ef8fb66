-- Opt-in, for an adopted app, once no old front end is in use any more: a client that writes posts_new.likes is refused with
-- 42501. Until then such writes are ignored and counted: select queue_diagnostics() -> 'like_writes'. Copy this file
-- into supabase/migrations under a new version. To go back: supabase/rollback/strict_likes.sql.
-- In a database that was new when the migrations came, nothing changes. Safe to repeat: yes.
select queue_private.refuse_like_writes();
