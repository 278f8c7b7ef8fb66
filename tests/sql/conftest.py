"""Connections as the API has them."""

from collections.abc import Callable

import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tests.conftest import Connect
from tests.sql.calls import Db

OpenService = Callable[..., Db]


@pytest.fixture
def open_service(connect: Connect) -> OpenService:
    """A factory of connections as service_role: open_service(autocommit=False) holds its transaction open."""

    def open_as_service(*, autocommit: bool = True) -> Db:
        connection: Db = connect(row_factory=dict_row)
        connection.execute(sql.SQL("set role service_role"))
        connection.autocommit = autocommit
        return connection

    return open_as_service


@pytest.fixture
def service(open_service: OpenService) -> Db:
    """One connection as service_role, which is what the API calls the queue's functions as."""
    return open_service()
