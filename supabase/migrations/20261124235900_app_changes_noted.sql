-- The last file of the set: notes what the files before it changed about the app's own tables. See app_changes.sql.
-- Locks: not one. Safe to repeat: yes.
select queue_private.end_app_changes('migrations');
