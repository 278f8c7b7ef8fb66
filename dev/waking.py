"""Waking the worker on the local stack: what docs/deploy.md does by hand on a hosted project."""

from pathlib import Path

import psycopg

OPTION = Path("supabase/optional/wake_worker.sql")
STORE = """
select case
  when exists (select from vault.secrets where name = %(name)s)
    then (select vault.update_secret(secret.id, %(value)s)::text from vault.secrets as secret where name = %(name)s)
  else vault.create_secret(%(value)s, %(name)s)::text
end
"""
UNSCHEDULE = "select cron.unschedule(jobname) from cron.job where jobname like 'suplatzigram-%%'"


def start(database_url: str, project: Path, functions_url: str, cron_secret: str) -> bool:
    """Store both secrets and apply the option. Return whether the project has it. Safe to repeat."""
    option = project / OPTION
    if not option.exists():
        return False
    with psycopg.connect(database_url) as db:
        for name, value in (("worker_url", functions_url), ("cron_secret", cron_secret)):
            db.execute(STORE, {"name": name, "value": value})
        db.execute(option.read_bytes())
    return True


def stop(database_url: str) -> None:
    """Let nothing wake the worker, whatever an earlier start scheduled."""
    with psycopg.connect(database_url) as db:
        installed = db.execute("select to_regclass('cron.job') is not null").fetchone()
        if installed == (True,):
            db.execute(UNSCHEDULE, ())
