-- diagnose_waking: with supabase/optional/wake_worker.sql applied, what keeps it from calling the worker.
-- Caller: diagnose. Locks: none.
-- Security definer: pg_cron and Vault show what they have to postgres, and to service_role nothing. What it tells is which of
-- our own cron jobs and which of our two secrets' names are missing, never a value.
create or replace function queue_private.diagnose_waking()
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  lacking text;
begin
  if to_regclass('queue_private.worker_wakes') is null then
    return;
  end if;
  for lacking in
    select needed.name from unnest(array['pg_cron', 'pg_net', 'supabase_vault']) as needed (name)
    where needed.name not in (select there.extname from pg_catalog.pg_extension as there)
  loop
    return query select 'extension_missing', 'high', lacking, 'nothing wakes the worker without this extension',
      format('create extension %s; -- then apply supabase/optional/wake_worker.sql again', lacking);
  end loop;
  if to_regclass('cron.job') is not null then
    for lacking in
      execute $query$
        select needed.name from unnest(array['suplatzigram-wake', 'suplatzigram-minute']) as needed (name)
        where needed.name not in (select job.jobname from cron.job as job where job.active and job.jobname is not null)
      $query$
    loop
      return query select 'cron_job_missing', 'high', lacking, 'pg_cron does not have this job, or it is not active',
        'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/optional/wake_worker.sql';
    end loop;
  end if;
  if to_regclass('vault.secrets') is not null then
    for lacking in
      execute $query$
        select needed.name from unnest(array['worker_url', 'cron_secret']) as needed (name)
        where needed.name not in (select secret.name from vault.secrets as secret where secret.name is not null)
      $query$
    loop
      return query select 'secret_missing', 'high', lacking, 'Vault does not have this secret, so the worker cannot be called',
        format('select vault.create_secret(''<value>'', %L);', lacking);
    end loop;
  end if;
end
$$;
comment on function queue_private.diagnose_waking is 'What keeps pg_cron from waking the worker.';
revoke all on function queue_private.diagnose_waking from public, anon, authenticated;
grant execute on function queue_private.diagnose_waking to service_role;
