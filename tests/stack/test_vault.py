"""The stand-in for Vault keeps secrets. tests/stack/test_waking.py has it work together with pg_cron and pg_net."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.stack.rows import Db, value


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
