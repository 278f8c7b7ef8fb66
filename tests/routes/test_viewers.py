"""Who may look and change nothing: the viewer token, and Supabase users whose role is viewer."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.routes.conftest import routes
from tests.routes.test_auth import DOORS, knock, sign_up

type Connect = Callable[..., psycopg.Connection[Any]]
TOKEN = "the-token-of-a-viewer-0123456789"
LOOKING = [door for door in DOORS if door.variable == "ADMIN_API_TOKEN" and door.method == "GET"]
CHANGING = [door for door in DOORS if door.variable == "ADMIN_API_TOKEN" and door.method != "GET"]


def test_no_admin_door_is_left_out() -> None:
    """A new route or method of the operators is tried too. Signing in is for those who are not in yet."""
    served = {
        (path, method)
        for path, module in routes().items()
        if path.startswith("/api/admin/")
        for method in module.app.routes[0].methods - {"HEAD"}
    }
    doors = {(door.path, door.method) for door in (*LOOKING, *CHANGING)}
    assert served == doors | {("/api/admin/queue/session", "POST")}


@pytest.fixture(params=["token", "previous token", "user"])
async def viewers_token(
    request: pytest.FixtureRequest, env: dict[str, str], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> str:
    """What a viewer sends."""
    if request.param == "user":
        user_id, token = await sign_up(env, "viewer@example.com")
        connect("admin").execute(
            """update auth.users set raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || '{"role": "viewer"}'
            where id = %s""",
            (user_id,),
        )
        return token
    monkeypatch.setenv("VIEWER_API_TOKEN", "the-next-token-of-a-viewer-0123456789")
    monkeypatch.setenv("VIEWER_API_TOKEN_PREVIOUS" if request.param == "previous token" else "VIEWER_API_TOKEN", TOKEN)
    return TOKEN


async def test_a_viewer_sees_everything_and_changes_nothing(
    site: httpx.AsyncClient, db: psycopg.Connection[dict[str, Any]], viewers_token: str
) -> None:
    """403 for what changes something, whatever the body: the credential is good."""
    db.execute("insert into public.background_jobs (job_type) values ('process_image')")
    for door in LOOKING:
        assert (await knock(site, door, f"Bearer {viewers_token}")).status_code == 200
    bodies: tuple[dict[str, str], ...] = (
        {"action": "pause", "jobType": "process_image"},
        {"action": "redrive", "jobType": "process_image"},
        {},
    )
    for door in CHANGING:
        for body in bodies:
            headers = {"authorization": f"Bearer {viewers_token}"}
            reply = await site.request(door.method, door.path, json=body, headers=headers)
            assert (reply.status_code, reply.json()["error"]["code"]) == (403, "not_allowed")
    assert db.execute("select * from queue_private.paused_job_types").fetchall() == []


async def test_a_viewer_opens_no_other_door(site: httpx.AsyncClient, viewers_token: str) -> None:
    """Neither the cron's nor the services'."""
    for door in DOORS:
        if door.variable != "ADMIN_API_TOKEN":
            assert (await knock(site, door, f"Bearer {viewers_token}")).status_code == 401


@pytest.mark.parametrize("value", [None, "", "short"])
async def test_without_a_viewer_token_nobody_is_one(
    site: httpx.AsyncClient, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """It is optional: admins go on, and an empty or short one opens to nobody."""
    if value is not None:
        monkeypatch.setenv("VIEWER_API_TOKEN", value)
    for door in LOOKING:
        for given in (f"Bearer {value or ''}", "Bearer ", "Bearer None"):
            assert (await knock(site, door, given)).status_code == 401
        assert (await knock(site, door, f"Bearer {env['ADMIN_API_TOKEN']}")).status_code == 200


async def test_a_user_of_another_role_may_not_look(
    site: httpx.AsyncClient, env: dict[str, str], connect: Connect
) -> None:
    """Only the two roles count, exactly as they are written."""
    user_id, token = await sign_up(env, "someone@example.com")
    for role in ('"editor"', '"Viewer"', '["viewer"]', "true", "null"):
        connect("admin").execute(
            "update auth.users set raw_app_meta_data = jsonb_build_object('role', %s::jsonb) where id = %s",
            (role, user_id),
        )
        for door in (*LOOKING, *CHANGING):
            assert (await knock(site, door, f"Bearer {token}")).status_code == 403, role
