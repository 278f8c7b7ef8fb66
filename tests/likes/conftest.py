"""Posts, and those who rate them."""

from uuid import UUID

import pytest

from tests.likes.posts import make_post
from tests.sql.calls import Db
from tests.sql.conftest import open_service, service

__all__ = ["open_service", "service"]


@pytest.fixture
def post(service: Db) -> UUID:
    """A post without ratings."""
    return make_post(service)
