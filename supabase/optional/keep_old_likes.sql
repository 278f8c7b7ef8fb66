-- Opt-in: keeps likes that the app had counted and has no ratings for, such as imported ones. Each becomes a rating of a
-- session that nobody has. Copy this file into supabase/migrations under a new version. To take them back:
-- supabase/rollback/keep_old_likes.sql. Look first what it would add:
--   select post_id, likes, ratings from queue_private.old_likes where likes > ratings order by likes - ratings desc;
-- Posts that would get more than 100,000 are left out: name a higher number to keep those too.
-- The counts follow with the next runs of the worker. Safe to repeat: yes.
select queue_private.keep_old_likes(most_per_post => 100000);
