"""Connections as the API has them."""

from collections.abc import Callable

import pytest
from psycopg.rows import dict_row

from tests.conftest import Connect
from tests.sql.calls import Db

OpenService = Callable[..., Db]


@pytest.fixture
def open_service(connect: Connect) -> OpenService:
    """A factory of connections as service_role: open_service(autocommit=False) holds its transaction open."""

    def open_as_service(*, autocommit: bool = True) -> Db:
        return connect("service_role", autocommit, row_factory=dict_row)

    return open_as_service


@pytest.fixture
def service(open_service: OpenService) -> Db:
    """One connection as service_role, which is what the API calls the queue's functions as."""
    return open_service()
