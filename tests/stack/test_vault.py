"""The stand-in for Vault keeps secrets, and works together with pg_cron and pg_net."""

import re
from collections.abc import Callable

import psycopg
import pytest

from dev.paths import PROJECT
from dev.supabase.background import Background
from dev.vercel import Functions
from tests.conftest import Connect
from tests.stack.rows import Db, count, value
from tests.stack.watching import wait_until


def test_a_secret_is_kept_in_the_vault(db: Db, connect: Connect) -> None:
    """Found by its unique name, read through one view; no client sees it."""
    secret = value(db, "select vault.create_secret('s3cret', 'cron_secret')")
    found = "select decrypted_secret from vault.decrypted_secrets where name = 'cron_secret'"
    assert connect("service_role").execute(found).fetchone() == ("s3cret",)
    db.execute("select vault.update_secret(%s, 'changed')", [secret])
    assert db.execute(found).fetchone() == {"decrypted_secret": "changed"}
    assert db.execute("select secret from vault.secrets").fetchone() != {"secret": "changed"}
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.execute("select vault.create_secret('other', 'cron_secret')")
    for role in ("anon", "authenticated"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connect(role).execute(found)


def test_the_readmes_recipe_drains_the_queue(
    background: Background, db: Db, functions: Callable[..., Functions]
) -> None:
    """The SQL for Vercel's Hobby plan, as printed: cron calls the worker through net, its secret from the vault."""
    (recipe,) = re.findall(r"```sql\n(create extension.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    served = functions()
    recipe = recipe.replace("https://<your app>", served.url).replace("<CRON_SECRET>", served.env["CRON_SECRET"])
    recipe = recipe.replace("'* * * * *'", "'1 second'")
    db.execute(recipe.encode())
    wait_until(lambda: count(db, "net._http_response where status_code = 200") >= 1)
    assert count(db, "public.worker_runs") >= 1
