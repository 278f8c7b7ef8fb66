-- Undoes supabase/optional/keep_old_likes.sql: the ratings that it added go, and the counts follow with the next runs.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/keep_old_likes.sql
-- Safe to repeat: yes.
-- Then delete the step's file from supabase/migrations, or the next push applies it again.
select queue_private.forget_old_likes();

-- Supabase's list of migrations forgets the step too, or no push would ever apply it again.
do $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations as applied
    where to_jsonb(applied) ->> 'name' = 'keep_old_likes'
      -- A file of the app's own may have the same name.
      and coalesce(to_jsonb(applied) ->> 'statements', 'queue_private') like '%queue_private%';
  end if;
exception when insufficient_privilege then
  raise warning 'Supabase''s list of migrations still has keep_old_likes: supabase migration repair --remote --status reverted <version>';
end
$$;
