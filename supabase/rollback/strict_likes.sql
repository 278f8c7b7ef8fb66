-- Undoes supabase/optional/strict_likes.sql: a client's write to likes is ignored and counted again instead of refused.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/strict_likes.sql
-- In a database that was new when the migrations came it changes nothing. Safe to repeat: yes.
-- Then delete the step's file from supabase/migrations, or the next push applies it again.
select queue_private.undo_app_changes('strict_likes');
update queue_private.like_writes set mode = 'transitional', decided_at = now()
where mode = 'strict' and exists (
  select from queue_private.adopted_tables as each where each.table_name = 'posts_new' and each.existed
);

-- Supabase's list of migrations forgets the step too, or no push would ever apply it again.
do $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations as applied
    where to_jsonb(applied) ->> 'name' = 'strict_likes'
      -- A file of the app's own may have the same name.
      and coalesce(to_jsonb(applied) ->> 'statements', 'queue_private') like '%queue_private%';
  end if;
exception when insufficient_privilege then
  raise warning 'Supabase''s list of migrations still has strict_likes: supabase migration repair --remote --status reverted <version>';
end
$$;
