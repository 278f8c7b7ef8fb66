"""A database with a row in every table, and those who try to get at it over HTTP."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from tests.access.world import SEED, World, client_of, sign_up
from tests.conftest import Clones
from tests.sql.adopting import migrate, new_project
from tests.sql.test_grants import NEW_DEFAULTS


@pytest.fixture(scope="module", params=["old", "new"])
def world(clones: Clones, request: pytest.FixtureRequest) -> Iterator[World]:
    """The migrated database under hosted Supabase's old default privileges, then under the new ones."""
    with (
        new_project(clones, request) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as db,
    ):
        if request.param == "new":
            db.execute(NEW_DEFAULTS)
        migrate(db)
        name = url.rpartition("/")[2]
        clones.databases.address.control("reload", name)
        env = clones.databases.address.env(name)
        anne, _ = sign_up(env, "anne")
        _, bert = sign_up(env, "bert")
        db.execute(SEED.replace(b"ANNE", anne.encode()))
        with (
            client_of(env, env["SUPABASE_ANON_KEY"]) as anon,
            client_of(env, bert) as signed_in,
            httpx.Client(
                base_url=env["SUPABASE_URL"],
                headers={"apikey": env["SUPABASE_SERVICE_ROLE_KEY"]},
            ) as service,
        ):
            yield World(db, {"anon": anon, "user": signed_in, "service": service})
