-- squawk-ignore-file ban-drop-function, ban-drop-table
-- Undoes supabase/optional/wake_worker.sql: the database no longer calls the worker. Vercel's cron does, or nobody.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/wake_worker.sql
-- The secrets in Vault and the extensions stay. Safe to repeat: yes.
-- Then delete the step's file from supabase/migrations, or the next push applies it again.
do $$
begin
  if to_regclass('cron.job') is not null then
    perform cron.unschedule(job.jobname) from cron.job as job where job.jobname like 'suplatzigram-%';
  end if;
end
$$;
drop function if exists queue_private.wake_worker(boolean);
drop function if exists queue_private.call_worker();
drop function if exists queue_private.work_came(timestamptz, timestamptz);
drop table if exists queue_private.worker_wakes;

-- Supabase's list of migrations forgets the step too, or no push would ever apply it again.
do $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations as applied
    where to_jsonb(applied) ->> 'name' = 'wake_worker'
      -- A file of the app's own may have the same name.
      and coalesce(to_jsonb(applied) ->> 'statements', 'queue_private') like '%queue_private%';
  end if;
exception when insufficient_privilege then
  raise warning 'Supabase''s list of migrations still has wake_worker: supabase migration repair --remote --status reverted <version>';
end
$$;
