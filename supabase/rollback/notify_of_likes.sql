-- squawk-ignore-file ban-drop-function, ban-drop-table
-- Undoes supabase/optional/notify_of_likes.sql. Notifications that were made stay.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/notify_of_likes.sql
-- Safe to repeat: yes.
-- Then delete the step's file from supabase/migrations, or the next push applies it again.
drop trigger if exists notify_of_likes on public.posts_new;
drop function if exists queue_private.notify_of_likes();
delete from queue_private.app_changes where step = 'notify_of_likes';

-- Supabase's list of migrations forgets the step too, or no push would ever apply it again.
do $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations as applied
    where to_jsonb(applied) ->> 'name' = 'notify_of_likes'
      -- A file of the app's own may have the same name.
      and coalesce(to_jsonb(applied) ->> 'statements', 'queue_private') like '%queue_private%';
  end if;
exception when insufficient_privilege then
  raise warning 'Supabase''s list of migrations still has notify_of_likes: supabase migration repair --remote --status reverted <version>';
end
$$;
