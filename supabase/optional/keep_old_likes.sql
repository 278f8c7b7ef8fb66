-- Opt-in: keeps likes that the app had counted and has no ratings for, such as imported ones. Each becomes a rating of a
-- session that nobody has. Copy this file into supabase/migrations under a new version. To take them back:
-- supabase/rollback/keep_old_likes.sql. docs/adopt.md has the query that says first what it would add.
-- Second ratings of a session, which the repair removed, had been counted too: those double clicks do not come back.
-- Posts that would get more than 100,000 are left out: name a higher number to keep those too.
-- The counts follow with the next runs of the worker. Safe to repeat: yes.
do $$
declare
  removed_again jsonb;
begin
  -- What old_likes says is for keep_old_likes less by these, and afterwards as it was: a rollback gives it back to the app.
  select coalesce(jsonb_object_agg(again.post_id, again.ratings), '{}') into removed_again
  from (
    select repaired.removed ->> 'post_id' as post_id, count(*) as ratings
    from queue_private.repaired_rows as repaired
    where repaired.reason = 'a second rating of the same session'
    group by repaired.removed ->> 'post_id'
  ) as again;
  update queue_private.old_likes as old set likes = old.likes - (removed_again ->> old.post_id::text)::bigint
  where removed_again ? old.post_id::text;
  perform queue_private.keep_old_likes(most_per_post => 100000);
  update queue_private.old_likes as old set likes = old.likes + (removed_again ->> old.post_id::text)::bigint
  where removed_again ? old.post_id::text;
end
$$;
