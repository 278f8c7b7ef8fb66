"""Secrets are rotated without downtime: the previous value is accepted beside the present one."""

import secrets

import httpx
import pytest

from lib.web.lifespan import close_resources
from tests.routes.conftest import Logged
from tests.routes.test_auth import Door, every_door, knock

OLD, NEW = "the-old-secret-0123456789", "the-new-secret-0123456789"


@every_door
async def test_both_values_open_while_a_secret_is_rotated(
    site: httpx.AsyncClient, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers may change theirs one after the other."""
    monkeypatch.setenv(door.variable, NEW)
    monkeypatch.setenv(f"{door.variable}_PREVIOUS", OLD)
    for value, is_let_in in ((NEW, True), (OLD, True), (OLD + NEW, False), (OLD[:-1], False)):
        assert ((await knock(site, door, f"Bearer {value}")).status_code != 401) == is_let_in


@every_door
async def test_the_old_value_ends_with_its_variable(
    site: httpx.AsyncClient, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leaked secret is of no use then."""
    monkeypatch.setenv(door.variable, NEW)
    monkeypatch.setenv(f"{door.variable}_PREVIOUS", "")
    assert (await knock(site, door, f"Bearer {OLD}")).status_code == 401


@every_door
async def test_a_short_previous_value_opens_to_nobody(
    site: httpx.AsyncClient, env: dict[str, str], door: Door, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    """It can be guessed. The present one goes on, and the log names the variable."""
    monkeypatch.setenv(f"{door.variable}_PREVIOUS", "short")
    assert (await knock(site, door, "Bearer short")).status_code == 401
    assert (await knock(site, door, f"Bearer {env[door.variable]}")).status_code not in (401, 503)
    assert logged.events("auth.secret_too_short")[0]["variable"] == f"{door.variable}_PREVIOUS"


@every_door
async def test_a_previous_value_alone_opens_to_nobody(
    site: httpx.AsyncClient, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who forgot the present one finds out at once."""
    monkeypatch.delenv(door.variable)
    monkeypatch.setenv(f"{door.variable}_PREVIOUS", OLD)
    await close_resources()
    assert (await knock(site, door, f"Bearer {OLD}")).status_code == 503


@every_door
async def test_each_value_is_compared_each_time(
    site: httpx.AsyncClient, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after one that fits, so the time tells nothing about which it was."""
    monkeypatch.setenv(door.variable, NEW)
    monkeypatch.setenv(f"{door.variable}_PREVIOUS", OLD)
    compared: list[bytes] = []
    compare = secrets.compare_digest

    def counting(given: bytes, value: bytes) -> bool:
        compared.append(value)
        return compare(given, value)

    monkeypatch.setattr(secrets, "compare_digest", counting)
    for token in (NEW, OLD, "wrong"):
        compared.clear()
        await knock(site, door, f"Bearer {token}")
        assert compared == [NEW.encode(), OLD.encode()]
