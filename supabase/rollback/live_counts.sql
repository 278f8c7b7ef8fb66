-- Undoes supabase/optional/live_counts.sql: pages are told no likes any more, and read them when they load.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/live_counts.sql
-- Safe to repeat: yes.
-- Then delete the step's file from supabase/migrations, or the next push applies it again.
-- squawk-ignore-file ban-drop-function, ban-drop-table
drop trigger if exists tell_likes on public.posts_new;
drop trigger if exists tell_owed_likes on public.posts_new;
do $$
begin
  if to_regclass('realtime.messages') is not null then
    drop policy if exists "anyone hears like counts" on realtime.messages;
  end if;
end
$$;
drop function if exists queue_private.tell_likes();
drop function if exists queue_private.tell_owed_likes();
drop function if exists queue_private.send_likes(uuid, bigint);
drop table if exists queue_private.told_likes;

-- Supabase's list of migrations forgets the step too, or no push would ever apply it again.
do $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations as applied
    where to_jsonb(applied) ->> 'name' = 'live_counts'
      -- A file of the app's own may have the same name.
      and coalesce(to_jsonb(applied) ->> 'statements', 'queue_private') like '%queue_private%';
  end if;
exception when insufficient_privilege then
  raise warning 'Supabase''s list of migrations still has live_counts: supabase migration repair --remote --status reverted <version>';
end
$$;
