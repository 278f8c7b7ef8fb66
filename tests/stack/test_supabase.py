"""Auth and Storage answer supabase-py as the hosted service does."""

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from supabase import Client, ClientOptions, create_client
from supabase_auth.errors import AuthApiError

PIXEL = b"\xff\xd8\xff\xe0 not a whole image"


Connected = Callable[[str], Client]


@pytest.fixture
def client(project: dict[str, str]) -> Iterator[Connected]:
    """A factory of clients: client("SUPABASE_ANON_KEY"). They share one HTTP client, for each
    would make TLS contexts, which take 60 ms."""
    with httpx.Client() as http:

        def connect(key: str) -> Client:
            options = ClientOptions(httpx_client=http)
            return create_client(project["SUPABASE_URL"], project[key], options)

        yield connect


@pytest.fixture
def service(client: Connected) -> Client:
    """A client with the secret key."""
    return client("SUPABASE_SERVICE_ROLE_KEY")


def claims(token: str) -> dict[str, Any]:
    """Return what a JWT says."""
    part = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def test_a_user_signs_up_and_in(client: Connected, db: psycopg.Connection[dict[str, Any]]) -> None:
    """A role in app_metadata, which only SQL can set, is in the next token."""
    anon = client("SUPABASE_ANON_KEY")
    login = {"email": "someone@example.com", "password": secrets.token_urlsafe(12)}
    user = anon.auth.sign_up(login).user  # type: ignore[arg-type]
    assert user is not None
    db.execute(
        'update auth.users set raw_app_meta_data = raw_app_meta_data || \'{"role": "admin"}\' where id = %s',
        [user.id],
    )
    session = anon.auth.sign_in_with_password(login).session  # type: ignore[arg-type]
    assert session is not None
    token = claims(session.access_token)
    assert (token["sub"], token["role"]) == (user.id, "authenticated")
    assert token["app_metadata"]["role"] == "admin"
    seen = anon.auth.get_user(session.access_token)
    assert seen is not None
    assert seen.user.id == user.id
    assert seen.user.app_metadata["role"] == "admin"


def test_a_forged_token_is_refused(project: dict[str, str], client: Connected) -> None:
    """By Auth and by the REST API."""
    forged = "e30.e30.e30"
    with pytest.raises(AuthApiError):
        client("SUPABASE_ANON_KEY").auth.get_user(forged)
    headers = {"apikey": project["SUPABASE_ANON_KEY"], "Authorization": f"Bearer {forged}"}
    reply = httpx.get(f"{project['SUPABASE_URL']}/rest/v1/posts_new", headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (401, "PGRST301")


def test_an_object_is_stored_and_fetched(service: Client) -> None:
    """With its type and its caching, by anybody where the bucket is public."""
    service.storage.create_bucket("pictures", options={"public": True})
    bucket = service.storage.from_("pictures")
    options = {"content-type": "image/jpeg", "cache-control": "31536000"}
    bucket.upload("a/b.jpg", PIXEL, options)  # type: ignore[arg-type]
    public = httpx.get(bucket.get_public_url("a/b.jpg"))
    assert bucket.download("a/b.jpg") == PIXEL
    assert (public.status_code, public.content) == (200, PIXEL)
    assert public.headers["content-type"] == "image/jpeg"
    assert "max-age=31536000" in public.headers["cache-control"]
    assert [entry["name"] for entry in bucket.list("a")] == ["b.jpg"]
    assert [(entry["name"], entry["id"]) for entry in bucket.list()] == [("a", None)]


def test_an_object_is_replaced_only_when_asked(service: Client) -> None:
    """By upsert, as a handler that may run twice does it."""
    service.storage.create_bucket("pictures")
    bucket = service.storage.from_("pictures")
    bucket.upload("a.jpg", PIXEL)
    with pytest.raises(Exception, match="exists"):
        bucket.upload("a.jpg", b"other")
    bucket.upload("a.jpg", b"other", {"upsert": "true"})
    assert bucket.download("a.jpg") == b"other"
    bucket.remove(["a.jpg"])
    assert bucket.list() == []


def test_an_unchanged_object_is_not_sent_again(service: Client) -> None:
    """If-None-Match gets 304."""
    service.storage.create_bucket("pictures", options={"public": True})
    bucket = service.storage.from_("pictures")
    bucket.upload("a.jpg", PIXEL)
    url = bucket.get_public_url("a.jpg")
    tag = httpx.get(url).headers["etag"]
    assert httpx.get(url, headers={"If-None-Match": tag}).status_code == 304
