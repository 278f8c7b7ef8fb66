-- squawk-ignore-file ban-drop-function, ban-drop-table
-- Undoes supabase/optional/wake_worker.sql: the database no longer calls the worker. Vercel's cron does, or nobody.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/wake_worker.sql
-- The secrets in Vault and the extensions stay. Safe to repeat: yes.
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
